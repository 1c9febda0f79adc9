"""msgpack, bounded: the one place where bytes from outside become values.

Allowed: nil, bool, 64-bit int, finite float, text, bytes, list, map with text keys. Refused: ext types,
timestamps, duplicate map keys, NaN and infinities, nesting over `MAX_DEPTH`, anything over the caller's size.
`Fields` then takes a map apart key by key; what is left over is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import msgpack

from shoal.errors import WireError

MAX_DEPTH: Final = 64
_MISSING: Final = object()


def encode(value: Any) -> bytes:
    """Return `value` as msgpack. Raises WireError for what the wire does not carry."""
    try:
        packed: bytes = msgpack.packb(value, use_bin_type=True)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError(f"cannot be sent: {error}") from None
    return packed


def decode(data: bytes, max_bytes: int, max_values: int = 0) -> Any:
    """Return the one value in `data`. Raises WireError; never builds an object, never exceeds the bounds.

    `max_values` bounds how many values its lists and maps hold together: one byte can be an empty list, so a
    frame of some MiB that is allowed for the sake of one large text could cost seconds. 0: by its size only.
    """
    size = len(data)
    if size > max_bytes:
        raise WireError(f"{size} bytes, more than the {max_bytes} allowed here")
    counted = _Counted(max_values) if 0 < max_values < size else None
    longest = max_values if counted else size
    try:
        value = msgpack.unpackb(
            data, raw=False, strict_map_key=True, ext_hook=_no_ext,
            list_hook=counted.take_list if counted else None,
            object_pairs_hook=counted.take_map if counted else _unique,
            max_str_len=size, max_bin_len=size, max_array_len=longest, max_map_len=longest, max_ext_len=0,
        )  # fmt: skip
    except WireError:
        raise
    except Exception as error:  # msgpack raises half a dozen unrelated types for bad input
        raise WireError(f"not a msgpack value: {type(error).__name__}") from None
    _check(value, MAX_DEPTH)
    return value


class _Counted:
    """Counts values while they are decoded."""

    def __init__(self, max_values: int) -> None:
        self._max = self._left = max_values

    def take_list(self, items: list[Any]) -> list[Any]:
        self._take(len(items))
        return items

    def take_map(self, pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
        self._take(len(pairs))
        return _unique(pairs)

    def _take(self, count: int) -> None:
        self._left -= count + 1
        if self._left < 0:
            raise WireError(f"more than {self._max} values in lists and maps")


def _no_ext(code: int, _data: bytes) -> Any:
    raise WireError(f"msgpack ext type {code} is not allowed")


def _unique(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise WireError("duplicate key in a map")
    return result


def _check(value: Any, depth: int) -> None:
    kind = type(value)
    if kind is dict or kind is list:
        if depth == 0:
            raise WireError(f"nested deeper than {MAX_DEPTH}")
        for item in value.values() if kind is dict else value:
            _check(item, depth - 1)
        if kind is dict:
            for key in value:
                if type(key) is not str:
                    raise WireError("map keys must be text")
    elif kind is float and not math.isfinite(value):
        raise WireError("NaN or infinity is not allowed")
    elif kind not in _PLAIN:
        raise WireError(f"{kind.__name__} is not allowed")


_PLAIN: Final = frozenset({type(None), bool, int, float, str, bytes})


def plain(value: Any, depth: int = MAX_DEPTH - 8) -> Any:
    """Return `value` rebuilt from wire types only, for results of functions we did not write.

    Sets and tuples become lists, keys become text, bytes that are UTF-8 become text, huge ints and unknown
    objects become their text, NaN becomes "nan"; below `depth` everything becomes text.
    """
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode() if not value.isascii() else value
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**64 else str(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    if depth == 0:
        return str(value)
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth - 1) for item in value]
    return str(value)


class Fields:
    """Takes a decoded map apart, checking each field; `done()` refuses what was not asked for."""

    def __init__(self, value: object, what: str) -> None:
        if not isinstance(value, dict):
            raise WireError(f"{what}: a map expected, got {type(value).__name__}")
        self._rest: dict[str, Any] = dict(value)
        self._what = what

    def take(self, name: str, kind: type | tuple[type, ...], default: Any = _MISSING) -> Any:
        """Return field `name`, which must be of `kind`; `default` makes it optional."""
        value = self._rest.pop(name, _MISSING)
        if value is _MISSING:
            if default is _MISSING:
                raise WireError(f"{self._what}: field {name!r} is missing")
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise WireError(f"{self._what}: field {name!r} is a {type(value).__name__}")
        return value

    def text(self, name: str, max_chars: int, default: Any = _MISSING) -> str:
        """Return a text field of at most `max_chars` characters."""
        value: str = self.take(name, str, default)
        if isinstance(value, str) and len(value) > max_chars:
            raise WireError(f"{self._what}: field {name!r} is longer than {max_chars} characters")
        return value

    def blob(self, name: str, max_bytes: int, exact: int = 0, default: Any = _MISSING) -> bytes:
        """Return a bytes field of at most `max_bytes`, or of exactly `exact` bytes if that is given."""
        value: bytes = self.take(name, bytes, default)
        if value is not default and (len(value) > max_bytes or (exact and len(value) != exact)):
            raise WireError(f"{self._what}: field {name!r} has {len(value)} bytes")
        return value

    def integer(self, name: str, low: int, high: int, default: Any = _MISSING) -> int:
        """Return an int field in low..high."""
        value: int = self.take(name, int, default)
        if value is not default and not low <= value <= high:
            raise WireError(f"{self._what}: field {name!r} is out of range")
        return value

    def seconds(self, name: str, default: Any = _MISSING) -> float:
        """Return a time or duration in seconds, 0 to the year 9999."""
        value = self.take(name, (int, float), default)
        if value is default:
            return value  # type: ignore[no-any-return]
        if not 0 <= value < 253_402_300_800:
            raise WireError(f"{self._what}: field {name!r} is out of range")
        return float(value)

    def flag(self, name: str, default: Any = _MISSING) -> bool:
        """Return a bool field."""
        return bool(self.take(name, bool, default))

    def texts(self, name: str, max_items: int, max_chars: int, default: Any = _MISSING) -> tuple[str, ...]:
        """Return a list-of-text field as a tuple."""
        value = self.take(name, list, default)
        if value is default:
            return tuple(value)
        if len(value) > max_items:
            raise WireError(f"{self._what}: field {name!r} has more than {max_items} items")
        for item in value:
            if not isinstance(item, str) or len(item) > max_chars:
                raise WireError(f"{self._what}: field {name!r} holds something that is not short text")
        return tuple(value)

    def mapping(self, name: str, max_items: int, default: Any = _MISSING) -> dict[str, Any]:
        """Return a map field of at most `max_items` keys."""
        value: dict[str, Any] = self.take(name, dict, default)
        if len(value) > max_items:
            raise WireError(f"{self._what}: field {name!r} has more than {max_items} keys")
        return value

    def done(self) -> None:
        """Refuse fields that nobody took."""
        if self._rest:
            raise WireError(f"{self._what}: unknown field {sorted(self._rest)[0][:40]!r}")
