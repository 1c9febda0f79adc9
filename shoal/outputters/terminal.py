r"""Makes text from a box harmless to a terminal: what could drive it is shown as `\x1b` and the like.

Shown this way: the control characters C0, DEL and C1 (some terminals obey U+009B as they do ESC `[`), what
turns the direction of writing, line and paragraph separators, and lone surrogates, which cannot be printed.
"""

from __future__ import annotations

from typing import Any, Final

_TURNS: Final = frozenset({0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)})


def is_unsafe(code: int) -> bool:
    """Return whether code point `code` must not reach a terminal. Newline and tab may."""
    if code < 0x80:
        return (code < 0x20 and code not in (0x09, 0x0A)) or code == 0x7F
    return code < 0xA0 or code in _TURNS or code in (0x2028, 0x2029) or 0xD800 <= code < 0xE000


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class _Table(dict[int, Any]):
    """A table for `str.translate` that finds out about each character when it is first met."""

    def __missing__(self, code: int) -> str | int:
        made: str | int = _escape(code) if is_unsafe(code) else code
        if len(self) < 4096:
            self[code] = made
        return made


_TEXT: Final = _Table()
_LINE: Final = _Table({0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"})


def clean(text: str) -> str:
    """Return `text` with control characters made visible; newlines and tabs stay."""
    return text if text.isprintable() else text.translate(_TEXT)


def clean_line(text: str) -> str:
    """Return `text` as one line: newlines and tabs are made visible too."""
    return text if text.isprintable() else text.translate(_LINE)


def lines(text: str) -> list[str]:
    r"""Return the cleaned lines of `text`; `\r\n` and a lone `\r` end a line too. No lines for no text."""
    if text.isprintable():
        return [text] if text else []
    found = clean(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    if not found[-1]:
        del found[-1]
    return found


def as_text(value: Any) -> str:
    """Return a scalar as text; bytes as the text they spell."""
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value)
