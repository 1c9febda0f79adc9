"""Repositories that are checked out, empty ones, and settings of git. What is fetched from a remote stays, also on the
way back."""
