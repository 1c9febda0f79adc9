"""Kernel parameters, read and set in /proc/sys without a program."""
