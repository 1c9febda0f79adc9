"""A text that must not be shown: passwords, tokens, URLs with a password in them.

`repr`, `str` and `format` are stars; only `reveal()` gives the text, so a grep finds every place that does.
It does not travel: pickling is refused.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

STARS: Final = "******"


class Secret:
    """Holds one secret text. Empty text is false, as for `str`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return STARS

    def __format__(self, spec: str) -> str:
        return format(STARS, spec)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        import hmac  # only here: it loads OpenSSL, 4 MiB in every process of a box

        return hmac.compare_digest(self._text.encode(errors="replace"), other._text.encode(errors="replace"))

    def __hash__(self) -> int:
        return hash(("secret", self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self
