"""Compound expressions: `( G@os:Debian or L@web01,web02 ) and not E@.*-test`.

Words are parted by white space, parentheses too. What a word can be:

- `and`, `or`, `not`, `(`, `)`; `not` binds tightest, then `and`, then `or`;
- `LETTER@expression`; letters with levels may name another delimiter, one character: `G|@site|name|paris`;
- anything else is a glob on the minion id, even `(web*` without its space.

As in Salt, `not` after an operand means `and not` (`web* not web01`), and `( )` matches nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from shoal.errors import TargetError
from shoal.targets.facts import Facts, Matcher, nobody

OPERATORS: Final = frozenset({"and", "or", "not", "(", ")"})
MAX_NESTING: Final = 64  # four calls a level: far from Python's stack limit

# Only letters whose expressions have levels take a delimiter; so `L|@x` is a glob.
_TERM: Final = re.compile(r"([GPIJLNSERMT])((?<=[GPIJT]).)?@(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """One word that is not an operator; `letter` is empty for a glob on the id."""

    letter: str
    pattern: str
    delimiter: str = ":"


def read_term(word: str) -> Term:
    """Return what `word` asks for."""
    found = _TERM.fullmatch(word)
    if not found:
        return Term("", word)
    return Term(found[1], found[3], found[2] or ":")


def parse_compound(words: Sequence[str], term: Callable[[str], Matcher], *, lenient: bool = False) -> Matcher:
    """Return the matcher for `words`, asking `term` for the matcher of each operand.

    Salt lets Python evaluate the words, and `a ( b )` is a call: an error, but only when `a` is reached. With
    `lenient` it is so here, too, and then no minion is matched.

    Raises TargetError: the words are not an expression, or nest too deep; the text marks the place.
    """
    parser = _Parser(words, term, lenient)
    matcher = parser.either(0)
    if parser.place < len(words):
        parser.fail("closes a parenthesis that was never opened")
    return _false_if_broken(matcher) if lenient else matcher


class _Parser:
    """Reads words from the left; each method reads one level and leaves `place` behind it."""

    def __init__(self, words: Sequence[str], term: Callable[[str], Matcher], lenient: bool) -> None:
        self.place = 0
        self._lenient = lenient
        self._words = words
        self._term = term

    def either(self, depth: int) -> Matcher:
        """Read operands parted by `or`, up to `)` or the end."""
        ways = [self._both(depth)]
        while self._next() == "or":
            self.place += 1
            ways.append(self._both(depth))
        return ways[0] if len(ways) == 1 else _any(tuple(ways))

    def fail(self, why: str) -> NoReturn:
        """Refuse the word at `place`."""
        if not self._words:
            raise TargetError(f"compound target: {why}")
        if self.place >= len(self._words):
            raise TargetError(f"compound target: {why}: {self._marked()}")
        word = self._words[self.place]
        raise TargetError(f"compound target: word {self.place + 1}, {word[:80]!r}, {why}: {self._marked()}")

    def _both(self, depth: int) -> Matcher:
        parts = [self._operand(depth)]
        while (word := self._next()) not in ("or", ")", ""):
            if word == "(" and self._lenient:
                self._group(depth + 1)
                parts[-1] = _broken
                continue
            if word == "and":
                self.place += 1
            elif word != "not":  # `a not b` is `a and not b`
                self.fail(_stray(word, self._words[self.place - 1]))
            parts.append(self._operand(depth))
        return parts[0] if len(parts) == 1 else _all(tuple(parts))

    def _operand(self, depth: int) -> Matcher:
        word = self._next()
        if word == "not":
            self.place += 1
            if self._next() == "not":
                self.fail("repeats 'not'; for a double negation write not ( not x )")
            return _negate(self._operand(depth))
        if word == "(":
            return self._group(depth + 1)
        if not word:
            self.fail("an operand is missing at the end" if self._words else "empty; '*' means every minion")
        if word in OPERATORS:
            self.fail("needs an operand before it")
        self.place += 1
        return self._term(word)

    def _group(self, depth: int) -> Matcher:
        opened = self.place
        if depth > MAX_NESTING:
            self.fail(f"nests deeper than {MAX_NESTING} levels")
        self.place += 1
        if self._next() == ")":
            self.place += 1
            return nobody
        matcher = self.either(depth)
        if self._next() != ")":
            self.place = opened
            self.fail("is never closed; ')' must be a word of its own")
        self.place += 1
        return matcher

    def _next(self) -> str:
        return self._words[self.place] if self.place < len(self._words) else ""

    def _marked(self) -> str:
        """Return the words around `place`, on one line, with an arrow before it."""
        shown = [word[:40] for word in self._words]
        shown.insert(self.place, "-->")
        first = max(0, self.place - 4)
        line = " ".join([*(["..."] if first else []), *shown[first : self.place + 5]])
        more = " ..." if len(shown) > self.place + 5 else ""
        return "".join(c if c.isprintable() else "?" for c in line) + more


def _stray(word: str, before: str) -> str:
    for shouted in (word, before):
        if shouted not in OPERATORS and shouted.lower() in OPERATORS:
            return (
                f"needs 'and' or 'or' before it; {shouted!r} is read as a minion id: write {shouted.lower()}"
            )
    return "needs 'and' or 'or' before it"


def _any(ways: tuple[Matcher, ...]) -> Matcher:
    def matcher(facts: Facts) -> bool:
        for way in ways:  # noqa: SIM110 - a plain loop is twice as fast as any() over a generator
            if way(facts):
                return True
        return False

    return matcher


def _all(parts: tuple[Matcher, ...]) -> Matcher:
    def matcher(facts: Facts) -> bool:
        for part in parts:  # noqa: SIM110 - as above
            if not part(facts):
                return False
        return True

    return matcher


def _broken(_facts: Facts) -> bool:
    raise TargetError("compound target: an operator is missing before '('")


def _false_if_broken(whole: Matcher) -> Matcher:
    def matcher(facts: Facts) -> bool:
        try:
            return whole(facts)
        except TargetError:
            return False

    return matcher


def _negate(part: Matcher) -> Matcher:
    return lambda facts: not part(facts)
