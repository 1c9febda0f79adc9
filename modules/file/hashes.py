"""Check sums of files, whatever their size."""

from __future__ import annotations

import re
from typing import Final

from modules.context import Context
from modules.file.content import chunks
from modules.file.place import absolute, shown
from shoal.errors import ArgumentError
from shoal.functions.function import function

_BY_LENGTH: Final = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_FORMS: Final = frozenset({*_BY_LENGTH.values(), "blake2b", "blake2s", "sha3_256", "sha3_512"})
_HASH: Final = re.compile(r"(?:([a-z0-9_]+)[:=])?([0-9a-f]+)", re.ASCII)


@function(replay="safe", aliases=("file.hash",))
def get_hash(ctx: Context, path: str, form: str = "sha256") -> str:
    """Return the check sum of a file, in hexadecimal.

    CLI Example:

        shoal '*' file.get_hash /etc/os-release
        shoal '*' file.get_hash /etc/os-release md5
    """
    if form not in _FORMS:
        raise ArgumentError(
            f"{shown(form)} is not a kind of hash here; there are {', '.join(sorted(_FORMS))}"
        )
    import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor

    sum_ = hashlib.new(form, usedforsecurity=False)
    for chunk in chunks(absolute(path)):
        sum_.update(chunk)
    return sum_.hexdigest()


@function(replay="safe")
def check_hash(ctx: Context, path: str, file_hash: str) -> bool:
    """Say whether the file has this check sum: `sha256:…`, `sha256=…` or only the digits, told by their number.

    CLI Example:

        shoal '*' file.check_hash /etc/os-release md5=d41d8cd98f00b204e9800998ecf8427e
    """
    match = _HASH.fullmatch(file_hash.strip().lower())
    form = (match[1] or _BY_LENGTH.get(len(match[2]), "")) if match else ""
    if not match or not form:
        raise ArgumentError(f"{shown(file_hash)} is not a hash; write e.g. sha256:… with all its digits")
    return get_hash(ctx, path, form) == match[2]
