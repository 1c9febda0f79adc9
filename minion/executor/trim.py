"""Packs a function's result into bytes that fit, and stay valid.

1. The value is rebuilt from wire types (`shoal.wire.plain`).
2. Too large: long texts inside are cut, the longest first, all down to one common length; each says so.
3. Still too large: the whole value is replaced by a text that says why.

A cut keeps a quarter from the beginning and the rest from the end, where programs tell what went wrong.
"""

from __future__ import annotations

from typing import Any, Final

from shoal.wire import encode, plain

_NOTE: Final = "\n[... {} bytes trimmed here by the minion ...]\n"
_NOTE_BYTES: Final = 72
_SHORTEST: Final = 256  # texts up to this many bytes are left alone
_ROUNDS: Final = 3  # counting is exact but for msgpack's length prefixes: one round nearly always does


def pack_value(value: Any, limit: int) -> tuple[bytes, int]:
    """Return `value` as msgpack of at most `limit` bytes, and how many bytes of it were cut off."""
    clean = plain(value)
    packed = encode(clean)
    size = len(packed)
    for _ in range(_ROUNDS):
        if len(packed) <= limit:
            return packed, max(0, size - len(packed))
        longest = _level(clean, len(packed) - limit)
        if longest < _SHORTEST:
            break
        clean = _cut(clean, longest)
        packed = encode(clean)
    if len(packed) <= limit:
        return packed, size - len(packed)
    text = (
        f"The result has {size} bytes, more than the {limit} this minion returns, and no long texts to trim."
    )
    return encode(text), size


def _level(value: Any, excess: int) -> int:
    """Return the length to which all longer texts must be cut to win `excess` bytes; 0: not enough."""
    sizes = sorted(_long_texts(value), reverse=True)
    won = 0
    for count, size in enumerate(sizes, start=1):
        following = sizes[count] if count < len(sizes) else _SHORTEST
        won += (size - following) * count
        need = excess + count * _NOTE_BYTES
        if won >= need:
            return max(following + (won - need) // count, 0)
    return 0


def _long_texts(value: Any) -> list[int]:
    found: list[int] = []
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, str):
            size = len(item.encode())
            if size > _SHORTEST:
                found.append(size)
        elif isinstance(item, dict):
            rest.extend(item.values())
        elif isinstance(item, list):
            rest.extend(item)
    return found


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return _cut_text(value, longest)
    if isinstance(value, dict):
        return {key: _cut(item, longest) for key, item in value.items()}
    if isinstance(value, list):
        return [_cut(item, longest) for item in value]
    return value


def _cut_text(text: str, longest: int) -> str:
    data = text.encode()
    gone = len(data) - longest
    if gone <= 0 or len(data) <= _SHORTEST:
        return text
    head = longest // 4
    # "ignore" drops the halves of characters at the seam.
    before = data[:head].decode("utf-8", "ignore")
    after = data[head + gone :].decode("utf-8", "ignore")
    return before + _NOTE.format(gone) + after
