"""Shell patterns: `*`, `?`, `[ab]`, `[!ab]`, as `fnmatch` reads them, over the whole text, case kept.

Most patterns are a name or a name with one star at an end: those never become a regular expression.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Final

from shoal.errors import TargetError

TextTest = Callable[[str], bool]

MAX_GLOB: Final = 1024  # characters; each star is a group of the regular expression that fnmatch makes
_MAGIC: Final = re.compile(r"[*?[]")


def compile_glob(pattern: str) -> TextTest:
    """Return a test for texts that `pattern` matches. Raises TargetError if it is too long."""
    if not _MAGIC.search(pattern):
        return pattern.__eq__
    if len(pattern) > MAX_GLOB:
        raise TargetError(
            f"glob {pattern[:40]!r}... is longer than {MAX_GLOB} characters: use a list or a nodegroup"
        )
    body = pattern.strip("*")
    if _MAGIC.search(body):
        return _by_regex(pattern)
    return _by_ends(body, open_left=pattern.startswith("*"), open_right=pattern.endswith("*"))


def _by_ends(body: str, *, open_left: bool, open_right: bool) -> TextTest:
    if not body:
        return _anything
    if open_left and open_right:
        return lambda text: body in text
    if open_left:
        return lambda text: text.endswith(body)
    return lambda text: text.startswith(body)


def _anything(_text: str) -> bool:
    return True


def _by_regex(pattern: str) -> TextTest:
    try:
        # The groups that fnmatch makes of stars do not backtrack, so this cannot blow up.
        match = re.compile(fnmatch.translate(pattern)).match
    except re.error as error:  # Python 3.10 refuses [z-a], later ones take it as matching nothing
        raise TargetError(f"glob {pattern[:80]!r} cannot be read: {error}") from None
    return lambda text: match(text) is not None
