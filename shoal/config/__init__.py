"""Configuration files: YAML with Salt's names, read into frozen dataclasses that refuse what they don't know.

    yaml_file.py   a file -> `Node`s that know their line
    setting.py     what a dataclass says about its fields: `setting(default, doc, low=…)`
    read.py        Nodes + dataclass -> section, or a ConfigError with file:line
    salt_keys.py   what Salt has and Shoal does not, and what to do instead
    describe.py    rows for the manual

A section belongs to the package that reads it (`master/config.py`, `minion/config.py`). Nothing here imports
yaml unless there is a file to read.
"""

from __future__ import annotations
