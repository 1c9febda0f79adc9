"""Pillar as the master makes it for its boxes: external sources, sealed values, and what a box is handed.

What becomes of the files is `shoal/pillar/`. `PillarService` (`service.py`) runs that in a thread. It is asked by
whoever has settled *which* box it is: the id comes from the connection's key or from an operator, never from a
message's text.

This room never:
- runs anything that a box has said: sources come from the master's configuration alone;
- logs a value; sealed ones are opened in `opened.py` only, for the box that the pillar is for.
"""
