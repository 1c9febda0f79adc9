"""Served files: names, roots, messages, the master's service."""
