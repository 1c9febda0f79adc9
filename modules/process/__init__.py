"""Processes of the box: lists, finds and signals them. Salt's `ps.*` names work too; psutil loads when needed.

`listing.py` only reads, `signalling.py` sends signals, `guard.py` says who must not get one, `matching.py` finds
processes by a text.
"""
