"""Pillar: the data that the master makes for one box, from a top file, SLS files and external sources.

`PillarCompiler` (`compiler.py`) is pure but for reading the pillar's files; `PillarService` (`service.py`) runs it in a
thread. Both are asked by whoever has settled *which* box it is: the id comes from the connection's key or from an
operator, never from a message's text.

This room never:
- runs anything that a box has said: grains are data, sources come from the master's configuration alone;
- gives a part of a pillar: one error and there is none;
- logs a value; sealed ones are opened in `opened.py` only, for the box that the pillar is for.
"""
