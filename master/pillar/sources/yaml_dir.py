"""`yaml_dir`: a folder of YAML files, by tag and by box.

    tags/site/paris.yaml      for boxes with the tag site:paris
    web-1.yaml                for the box web-1, over what its tags give

No templates: what a tool or another person writes there is data.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from shoal.errors import RenderError
from shoal.files.names import BASE
from shoal.merge import recurse
from shoal.pillar.tree import PillarTree
from shoal.render.yaml import load_yaml

_MAX_KEPT: Final = 20_000


class YamlDir:
    """See the module docstring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tree = PillarTree({BASE: (folder,)})
        self._lock = threading.Lock()
        self._values: dict[bytes, dict[str, Any]] = {}

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the box's files say. Raises RenderError."""
        if not self._folder.is_dir():
            raise RenderError("ext_pillar: yaml_dir: there is no such folder", file=str(self._folder))
        value: dict[str, Any] = {}
        with self._lock:
            self._tree.look_again()
            for name in (*_tag_files(tags), f"{minion}.yaml"):
                value = recurse(value, self._value(name))
        return value

    def _value(self, name: str) -> dict[str, Any]:
        source = self._tree.find(BASE, name)
        if source is None:
            return {}
        if source.key not in self._values:
            value = load_yaml(source.text, source.path, may_seal=True).value or {}
            if not isinstance(value, dict):
                raise RenderError(f"a map expected, got {type(value).__name__}", file=source.path, line=1)
            if len(self._values) >= _MAX_KEPT:
                self._values.clear()
            self._values[source.key] = value
        return self._values[source.key]


def _tag_files(tags: Mapping[str, Any]) -> Iterator[str]:
    for key, value in sorted(tags.items()):
        for each in value if isinstance(value, list) else [value]:
            if _is_plain(key) and _is_plain(str(each)):
                yield f"tags/{key}/{each}.yaml"


def _is_plain(name: str) -> bool:
    return (
        bool(name) and name not in (".", "..") and "/" not in name and "\\" not in name and name.isprintable()
    )
