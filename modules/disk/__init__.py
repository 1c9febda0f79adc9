"""Disks: how full, what is on them, and making file systems."""
