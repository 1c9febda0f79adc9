"""The box's pillar: fetched from its master, judged, kept for times without one.

Only the daemon judges (it has the root's key); jobs and programs are told what it found good. No value is ever logged.
"""
