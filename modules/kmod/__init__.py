"""Kernel modules: what is there, loaded, loaded at each start, and never loaded by itself."""
