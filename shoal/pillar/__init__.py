"""Pillar: the data of one box, from a top file, SLS files and what external sources have given.

`PillarCompiler` (`compiler.py`) is pure but for reading the pillar's files. The master makes pillar of boxes with it
(`master/pillar/`), and a box that stands alone its own.

This room never:
- runs anything that a box has said: grains are data; whoever asks has settled *which* box it is;
- gives a part of a pillar: one error and there is none;
- opens a sealed value, or logs any.
"""
