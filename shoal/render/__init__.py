"""Templates and data files: Jinja and YAML as Salt has them, within bounds, with errors that name file and line.

`Renderer` (`renderer.py`) goes from the text of an SLS file to its data. Pillar on the master uses it, and states on a
box; both hand in what a template may see.

This room never:
- opens a file, a socket or a process: what a template includes comes through a function of the caller;
- lets a template reach Python's insides (`sandbox.py`) or take unbounded time or memory (`rendering.py`, `yaml.py`);
- builds an object that a YAML tag names.

Importing this package loads nothing: jinja2 is 3 MiB that an idle box does without.
"""
