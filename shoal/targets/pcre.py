"""Regular expressions from operators, refused when they could take for ever.

Python's `re` backtracks: `(a+)+$` on forty letters does not come back in a lifetime, and it holds the only
thread of the master. So each expression is weighed by the tree that `re` itself makes of it:

1. A repeat without bound around something that can match in more than one way is refused.
2. What is left takes at most about (text length) ** (number of unbounded repeats) steps. The expression gets
   the longest text that keeps this under 2 ** 28; if that is shorter than a minion id, it is refused.
3. Bounded choices, as in `a?` and `(a|ab)`, may make 2 ** 20 ways in all.
4. A longer text does not match. Only huge grain and pillar values are that long; a minion chooses its grains.

Anchored at the start and open at the end, as in Salt (`re.match`).
"""

from __future__ import annotations

import importlib
import math
import re
import sys
import warnings
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TargetError
from shoal.targets.glob import TextTest
from shoal.targets.target import TermError

MAX_REGEX: Final = 4096  # characters
MAX_TEXT: Final = 64 * 1024
_MIN_TEXT: Final = 256  # every minion id must fit
_MAX_BITS: Final = 28.0
_MAX_CHOICE_BITS: Final = 20.0
_MAX_SIZE: Final = 20_000
_MANY: Final = 1000  # {0,1000} counts as a star

# The module moved in 3.11; importing it by its old name there warns. `re` has loaded it anyway.
_parser: Final[Any] = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


@dataclass(frozen=True, slots=True)
class _Weight:
    """How much work a part may make.

    `bits` is log2 of its bounded choices, `stars` its unbounded repeats in a row, `size` the steps of its
    longest bounded way.
    """

    bits: float = 0.0
    stars: int = 0
    size: int = 1


def compile_pcre(pattern: str, *, ignore_case: bool = False) -> TextTest:
    """Return a test for texts that `pattern` matches from their start.

    Raises:
        TermError: not a regular expression.
        TargetError: a regular expression that is too long or could take too long.
    """
    if len(pattern) > MAX_REGEX:
        raise TargetError(f"regular expression {pattern[:40]!r}... is longer than {MAX_REGEX} characters")
    flags = re.IGNORECASE if ignore_case else 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `[[` and late `(?i)` are the operator's style, not news for our log
        try:
            limit = _longest_text(_parser.parse(pattern, flags), pattern)
            match = re.compile(pattern, flags).match
        except (re.error, ValueError, OverflowError, RecursionError) as error:
            raise TermError(f"regular expression {pattern[:80]!r} cannot be read: {error}") from None
    return lambda text: len(text) <= limit and match(text) is not None


def longest_text(pattern: str, flags: int = 0, *, anywhere: bool = False) -> int:
    """Return how long a text `pattern` may be tried on; with `anywhere` at each place of it, as `re.search` does.

    Raises:
        re.error: not a regular expression.
        TargetError: one that is too long or could take too long.
    """
    if len(pattern) > MAX_REGEX:
        raise TargetError(f"regular expression {pattern[:40]!r}... is longer than {MAX_REGEX} characters")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weight = _sequence(_parser.parse(pattern, flags), pattern)
        limit = _longest_text(_parser.parse(pattern, flags), pattern)
    if anywhere and weight.stars:
        limit = min(limit, int(2 ** ((_MAX_BITS - weight.bits) / (weight.stars + 1))))
    return limit


def _longest_text(tree: Any, pattern: str) -> int:
    weight = _sequence(tree, pattern)
    stars = weight.stars
    if stars and str(tree[-1][0]).endswith("_REPEAT"):
        op, argument = tree[-1]
        stars -= _item(op, argument, pattern).stars  # nothing comes after it that could fail
    if weight.size > _MAX_SIZE:
        raise _too_complex(pattern, f"its repeat counts multiply to more than {_MAX_SIZE}")
    spare = _MAX_BITS - weight.bits
    if stars:
        # n stars part a text of length t in about t**n / n! ways.
        spare = (spare + math.log2(math.factorial(min(stars, 20)))) / stars
    if weight.bits > _MAX_CHOICE_BITS or spare < math.log2(_MIN_TEXT):
        raise _too_complex(pattern, "it has too many repeats and choices")
    return int(2 ** min(spare, math.log2(MAX_TEXT)))


def _too_complex(pattern: str, why: str) -> TargetError:
    return TargetError(f"regular expression {pattern[:80]!r} could take for ever: {why}; write a simpler one")


def _sequence(items: Any, pattern: str) -> _Weight:
    bits, stars, size = 0.0, 0, 0
    for op, argument in items:
        weight = _item(op, argument, pattern)
        bits, stars, size = bits + weight.bits, stars + weight.stars, size + weight.size
    return _Weight(bits, stars, size)


def _item(code: Any, argument: Any, pattern: str) -> _Weight:
    op = str(code)
    if op.endswith("_REPEAT"):  # greedy, lazy and (3.11) possessive
        low, high, items = argument
        return _repeat(low, high, items, pattern)
    if op == "SUBPATTERN":
        return _sequence(argument[3], pattern)
    if op == "BRANCH":
        return _branch(argument[1], pattern)
    if op in ("ASSERT", "ASSERT_NOT"):
        return _sequence(argument[1], pattern)
    if op == "ATOMIC_GROUP":
        return _sequence(argument, pattern)
    if op == "GROUPREF_EXISTS":
        return _branch([argument[1], argument[2] or []], pattern)
    return _Weight()


def _repeat(low: int, high: int, items: Any, pattern: str) -> _Weight:
    inner = _sequence(items, pattern)
    if high > _MANY:
        if inner.bits or inner.stars:
            raise _too_complex(pattern, "a repeat or choice stands inside a repeat, as in (a+)+ or (a|ab)*")
        return _Weight(0.0, 1, max(1, inner.size) * max(1, low))
    times = max(1, high)
    bits = math.log2(high - low + 1) + high * inner.bits
    return _Weight(bits, high * inner.stars, max(1, inner.size) * times)


def _branch(ways: list[Any], pattern: str) -> _Weight:
    weights = [_sequence(way, pattern) for way in ways]
    # Ways that begin with different letters exclude each other: no choice is ever taken back.
    choices = 0.0 if _begin_differently(ways) else math.log2(len(ways))
    return _Weight(
        choices + max(weight.bits for weight in weights),
        max(weight.stars for weight in weights),
        sum(weight.size for weight in weights),
    )


def _begin_differently(ways: list[Any]) -> bool:
    letters = set()
    for way in ways:
        if not way or str(way[0][0]) != "LITERAL":
            return False
        letters.add(chr(way[0][1]).lower())
    return len(letters) == len(ways)
