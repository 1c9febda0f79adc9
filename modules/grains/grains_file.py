"""The grains file of the box as something to change: a YAML map, by default `/etc/shoal/grains`.

1. Two jobs that change it take turns (a lock on its folder), so neither loses what the other wrote.
2. It is replaced as a whole or not at all; owner and mode stay, a link stays a link.
3. What is to be written is read with the daemon's own reader first, and must be what was meant.
4. A file that cannot be read is not overwritten. Comments in it are lost by a change.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from modules.atomic_file import put
from modules.context import Context
from modules.file.content import Version, version_of
from modules.held_folder import entered
from shoal.errors import ConfigError, ModuleError

MAX_BYTES: Final = 64 * 1024  # all grains together must fit one message to the master


class GrainsFile:
    """One grains file. Every method raises ModuleError when the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.changed = False  # by the last `editing`

    @classmethod
    def of(cls, ctx: Context) -> GrainsFile:
        """Return the file that this box's configuration names."""
        path = ctx.settings.get("grains_file")
        if not path:
            raise ModuleError("grains cannot be changed here: the call does not know the box's grains file")
        return cls(Path(str(path)))

    @property
    def path(self) -> str:
        """Where it is."""
        return str(self._path)

    def read(self) -> dict[str, Any]:
        """Return the map, {} if there is no file."""
        try:
            return _read(self._path)
        except OSError as error:
            raise ModuleError(f"{self._path} cannot be read: {error.strerror}") from None

    def text(self, grains: dict[str, Any]) -> str:
        """Return what the file holds when it is written with these."""
        return _checked(self._path, grains).decode()

    @contextmanager
    def editing(self) -> Iterator[dict[str, Any]]:
        """Give the map to change; what it is at the end is written, unless the block raised."""
        try:
            with entered(self._path) as (folder, path):
                version = _version(path)
                grains = _read(path)
                before = copy.deepcopy(grains)
                yield grains
                self.changed = grains != before
                if self.changed:
                    put(folder, path, _checked(path, grains), version, mode=0o600)
        except OSError as error:
            raise ModuleError(f"{self._path} cannot be changed: {error.strerror}") from None


def _version(path: Path) -> Version | None:
    try:
        return version_of(path.stat())
    except FileNotFoundError:
        return None


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    from shoal.config.yaml_file import read_yaml  # yaml is 1 MiB, and the executor loads this file

    try:
        grains: dict[str, Any] = read_yaml(path).plain()
    except ConfigError as error:
        raise ModuleError(f"the grains file is not changed, because it cannot be read: {error}") from None
    return grains


def _checked(path: Path, grains: dict[str, Any]) -> bytes:
    """Return the grains as YAML that is read back as just these. Raises ModuleError."""
    from shoal.config.yaml_file import parse_yaml  # see above

    data = _dump(grains)
    if len(data) > MAX_BYTES:
        raise ModuleError(f"{path} would have {len(data)} bytes, more than the {MAX_BYTES} grains may have")
    try:
        same = parse_yaml(data, str(path)).plain() == grains
    except ConfigError as error:
        raise ModuleError(f"{path} is not changed, because it could not be read back: {error}") from None
    if not same:
        raise ModuleError(f"{path} is not changed: a value would be read back as another one")
    return data


def _dump(grains: dict[str, Any]) -> bytes:
    import yaml  # see above

    return yaml.safe_dump(grains, sort_keys=False, allow_unicode=True, encoding="utf-8")
