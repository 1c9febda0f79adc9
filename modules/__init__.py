"""Execution modules: what can be asked of a box. One file or folder a module, its name is what the operator types.

Beside them stands what they are made with, which nobody can ask for (`sources.py` has the list, `MACHINERY`):

1. Finding and calling functions: `registry.py`, `sources.py`, `lookup.py`, `context.py`, `result.py`, `standalone.py`.
2. Programs: `shell.py` runs one, with `process_io.py`, `process_env.py` and `kept_output.py`.
3. Files: `way.py` and `held_folder.py` open the way to one, `atomic_file.py` and `likeness.py` replace it whole,
   `text_file.py` is for the small ones of the system, `placing.py` and `own_files.py` for what the master serves.
"""
