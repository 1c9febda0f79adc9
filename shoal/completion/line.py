"""A command line as bash has it, up to the cursor: its words, and the part of the last one that bash replaces.

bash breaks words at characters of its own (`COMP_WORDBREAKS`, with `=` and `:` in it) and replaces only what follows
the last of them. Nothing is expanded; a quote may still be open.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_QUOTES: Final = "'\""


class Line(NamedTuple):
    """`words` without the last, which is `begun`; `kept`: how many of its characters bash leaves as they are."""

    words: list[str]
    begun: str
    kept: int


def split(text: str, breaks: str) -> Line:
    """Return the words of `text`, quotes and backslashes taken away."""
    words: list[str] = []
    word, kept, quote, inside, escaped = "", 0, "", False, False
    for char in text:
        if escaped:
            word, escaped = word + char, False
        elif char == "\\" and quote != "'":
            escaped = inside = True
        elif quote:
            quote, word = ("", word) if char == quote else (quote, word + char)
        elif char in _QUOTES:
            quote, inside, kept = char, True, len(word)
        elif char.isspace():
            if inside:
                words.append(word)
            word, kept, inside = "", 0, False
        else:
            word, inside = word + char, True
            kept = len(word) if char in breaks else kept
    return Line(words, word, kept)
