"""Sealed values opened for the box that a pillar is for. The only place where they are plain.

The fleet's pillar key lies beside the master's other keys (0600), made when it is first asked for. Several masters need
the same one: copy the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from pki.keys import CurveKey
from pki.sealing import unseal
from pki.secret_file import create_pillar_key, load_pillar_key
from shoal.errors import RenderError, WireError
from shoal.pillar.failure import PillarError
from shoal.pillar.merged import Merged
from shoal.pillar.plain import replaced
from shoal.render.sealed import Sealed
from shoal.secret import STARS

_FILE: Final = "pillar.key"


class SealKey:
    """The key that sealed values are for."""

    def __init__(self, pki_dir: Path) -> None:
        self._path = pki_dir / _FILE
        self._key: CurveKey | None = None

    def public(self) -> bytes:
        """Return the public half; makes the key if there is none. Raises ConfigError, TrustError."""
        return self._load(create=True).public

    def opened(self, merged: Merged, minion: str) -> Mapping[str, Any]:
        """Return a pillar with its sealed values in plain. Raises PillarError, ConfigError, TrustError."""
        if not merged.sealed:
            return merged.value
        key = self._load(create=False)
        bad: list[RenderError] = []
        value: Mapping[str, Any] = replaced(merged.value, _opener(key, bad))
        if bad:
            raise PillarError(minion, bad[:1])
        return value

    def _load(self, *, create: bool) -> CurveKey:
        if self._key is None:
            if create and not self._path.exists():
                create_pillar_key(self._path, CurveKey.generate())
            self._key = load_pillar_key(self._path)
        return self._key


def masked(merged: Merged) -> Mapping[str, Any]:
    """Return a pillar with stars for its sealed values."""
    value: Mapping[str, Any] = replaced(merged.value, lambda _sealed: STARS)
    return value


def _opener(key: CurveKey, bad: list[RenderError]) -> Callable[[Sealed], str]:
    def opened(sealed: Sealed) -> str:
        try:
            return unseal(key, sealed.box)
        except WireError as error:
            bad.append(RenderError(f"the sealed value {sealed.box[:12]}…: {error}"))
            return ""

    return opened
