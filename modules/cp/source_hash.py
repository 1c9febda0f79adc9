"""The check sum that a file from elsewhere must have: `sha256=…`, `sha512:…`, `blake2b=…`, or the digits of a SHA."""

from __future__ import annotations

import re
from typing import Any, Final

from shoal.errors import ArgumentError, ModuleError

_TEXT: Final = re.compile(r"(?:(sha256|sha512|blake2b)[:=])?([0-9a-f]+)", re.ASCII | re.IGNORECASE)
_BY_LENGTH: Final = {64: "sha256", 128: "sha512"}
_LENGTHS: Final = {"sha256": (64,), "sha512": (128,), "blake2b": (64, 128)}  # cp.hash_file tells one of 64


class SourceHash:
    """A check sum that is computed piece by piece. "" checks nothing."""

    def __init__(self, text: str) -> None:
        found = _TEXT.fullmatch(text.strip())
        form = (found[1] or _BY_LENGTH.get(len(found[2]), "")).lower() if found else ""
        if text and (found is None or len(found[2]) not in _LENGTHS.get(form, ())):
            raise ArgumentError(
                f"source_hash: {text[:40]!r} is none; write sha256=…, sha512=… or blake2b=… with all the digits"
            )
        self._wanted = found[2].lower() if found else ""
        self._form = form
        self._sum: Any = self._begun()

    def update(self, data: bytes) -> None:
        """Take more bytes."""
        if self._sum is not None:
            self._sum.update(data)

    def check(self, what: str) -> None:
        """Raise ModuleError unless all that came has the check sum. Can be used anew then."""
        if self._sum is not None and self._sum.hexdigest() != self._wanted:
            raise ModuleError(
                f"{what}: {self._form} is {self._sum.hexdigest()}, source_hash says {self._wanted}; it was not taken"
            )
        self._sum = self._begun()

    def _begun(self) -> Any:
        if not self._form:
            return None
        import hashlib  # with OpenSSL: only for who gives a check sum

        if self._form == "blake2b":
            return hashlib.blake2b(digest_size=len(self._wanted) // 2)
        return hashlib.new(self._form, usedforsecurity=True)
