"""What is stored whole in one cell: msgpack values, lists of ids, text from outside."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, Final

from shoal.errors import StoreError, WireError
from shoal.wire import decode, encode

MAX_CELL_BYTES: Final = 64 * 1024 * 1024
MAX_INTEGER: Final = 2**63 - 1


def pack_value(value: Any) -> bytes:
    """Return `value` as a cell. Raises StoreError for what msgpack does not carry."""
    try:
        return encode(value)
    except WireError as error:
        raise StoreError(f"a value {error}") from None


def unpack_value(cell: bytes, what: str) -> Any:
    """Return the value in `cell`. Raises StoreError naming `what` if the cell is damaged."""
    try:
        return decode(cell, MAX_CELL_BYTES)
    except WireError as error:
        raise StoreError(f"{what} is damaged in the database: {error}") from None


def pack_ids(ids: Sequence[str]) -> bytes:
    """Return minion ids as one compressed cell: 10,000 take 30 KiB and a millisecond, not 10,000 rows."""
    return zlib.compress("\n".join(ids).encode(), 1)


def unpack_ids(cell: bytes, what: str) -> tuple[str, ...]:
    """Return the ids in `cell`, in the order given. Raises StoreError naming `what` if it is damaged."""
    try:
        text = zlib.decompress(cell).decode()
    except (zlib.error, UnicodeDecodeError) as error:
        raise StoreError(f"{what} is damaged in the database: {error}") from None
    return tuple(text.split("\n")) if text else ()


def plain_text(text: str) -> str:
    """Return a minion's own text without NUL, which PostgreSQL refuses: one such row would spoil a batch."""
    return text.replace("\0", "")
