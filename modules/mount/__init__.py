"""Mounts, fstab and swap."""
