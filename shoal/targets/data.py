"""Looking into nested data: `site:geo:city:Paris` against grains, pillar or tags.

The rules are Salt's, found by asking it:

1. Each prefix of the levels may be the path, the rest is what is sought there; the longest path is tried
   first. So `ipv6:fd00:1::12` finds the value `fd00:1::12`, although it has the delimiter in it.
2. A path takes dict keys exactly (case too) and, in lists, an index or the first dict in it that has the key.
3. At its end a scalar is compared; of a list, any element; of a dict, a key, or a further path below it
   (there the delimiter is always `:`).
4. What is compared is compared as text in lower case: 12, `True` and `None` are `12`, `true` and `none`.
5. `*` matches any key; `*:x` looks for `x` one level below any key, in a list there and at any value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TargetError
from shoal.targets.glob import TextTest, compile_glob
from shoal.targets.pcre import compile_pcre
from shoal.targets.target import TermError

DataTest = Callable[[Mapping[str, Any]], bool]

MAX_LEVELS: Final = 16  # 2 ** 14 ways to part a path when the data repeats itself
MAX_STARS: Final = 4  # levels that are `*`: each doubles the looks at every part of the data
_MISSING: Final = object()


def compile_data(expr: str, delimiter: str, style: str) -> DataTest:
    """Return a test of a tree for `expr`; `style` is how its last part is compared: glob, pcre or exact.

    Raises:
        TermError: no delimiter, so nothing to compare; or no part of it is a regular expression.
        TargetError: too many levels, or a regular expression that could take too long.
    """
    levels = expr.split(delimiter)
    if len(levels) == 1:
        raise TermError(
            f"{expr[:80]!r} has no {delimiter!r} in it: write NAME{delimiter}VALUE (or NAME{delimiter}*)"
        )
    if len(levels) > MAX_LEVELS:
        raise TargetError(
            f"{expr[:80]!r} has more than {MAX_LEVELS} levels: choose a delimiter that values don't have"
        )
    if max(levels.count("*"), expr.split(":").count("*")) > MAX_STARS:
        raise TargetError(f"{expr[:80]!r} has more than {MAX_STARS} levels that are '*': name some of them")
    compiler = _Compiler(style)
    search = compiler.search(expr, levels, delimiter)
    if search.hopeless():
        raise TermError(f"{expr[:80]!r}: {compiler.broken}")
    return search.found_in


def _never(_text: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a path: the key as text, as a list index, and as the other thing YAML would read it as."""

    key: str
    index: int | None
    other: object


@dataclass(frozen=True, slots=True)
class _Search:
    """All the ways to part an expression into a path (None: the data itself) and what is sought there."""

    ways: tuple[tuple[tuple[_Level, ...] | None, _Sought], ...]

    def found_in(self, data: Mapping[str, Any]) -> bool:
        for path, sought in self.ways:
            value = data if path is None else _follow(data, path)
            if isinstance(value, Mapping):
                if value and sought.in_mapping(value):
                    return True
            elif isinstance(value, (list, tuple)):
                if any(sought.is_member(member) for member in value):
                    return True
            elif value is not _MISSING and sought.is_value(value):
                return True
        return False

    def hopeless(self) -> bool:
        """Say whether no part of the expression could be read."""
        return all(sought.hopeless() for _, sought in self.ways)


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is sought at the end of a path."""

    key: str  # without the leading `*:`
    test_value: TextTest
    test_key: TextTest
    below: _Search | None
    anywhere: _Sought | None  # for `*:x`: x

    def is_value(self, value: object) -> bool:
        return self.test_value(str(value).lower())

    def is_member(self, value: object) -> bool:
        return (isinstance(value, Mapping) and self.in_mapping(value)) or self.is_value(value)

    def in_mapping(self, data: Mapping[str, Any]) -> bool:
        if self.key == "*" or self.key in data:
            return True
        if any(self.test_key(str(key).lower()) for key in data):
            return True
        if self.below and self.below.found_in(data):
            return True
        return self.anywhere is not None and any(map(self.anywhere.is_below, data.values()))

    def is_below(self, value: object) -> bool:
        """Say whether `value`, of any key, is it or has it: one level only."""
        if isinstance(value, Mapping):
            return self.in_mapping(value)
        if isinstance(value, (list, tuple)):
            return any(map(self.is_value, value))
        return self.is_value(value)

    def hopeless(self) -> bool:
        return (
            self.test_value is self.test_key is _never and self.key != "*"
            and (self.below is None or self.below.hopeless())
        )  # fmt: skip


class _Compiler:
    """Compiles each suffix of an expression once: they turn up again below every path."""

    def __init__(self, style: str) -> None:
        self.broken = ""
        self._style = style
        self._sought: dict[str, _Sought] = {}
        self._searches: dict[str, _Search] = {}

    def search(self, expr: str, levels: list[str], delimiter: str) -> _Search:
        ways: list[tuple[tuple[_Level, ...] | None, _Sought]] = []
        path = tuple(map(_level, levels))
        for cut in range(len(levels) - 1, 0, -1):
            if cut == 1 and levels[0] == "*":
                ways.append((None, self._seek(expr)))
            else:
                ways.append((path[:cut], self._seek(delimiter.join(levels[cut:]))))
        return _Search(tuple(ways))

    def _seek(self, text: str) -> _Sought:
        if text not in self._sought:
            wild = text.startswith("*:")
            key = text[2:] if wild else text
            test = self._test(text)
            self._sought[text] = _Sought(
                key=key,
                test_value=test,
                test_key=self._test(key) if wild else test,
                below=self._below(key),
                anywhere=self._seek(key) if wild else None,
            )
        return self._sought[text]

    def _below(self, text: str) -> _Search | None:
        if not 0 < text.count(":") < MAX_LEVELS:
            return None
        if text not in self._searches:
            self._searches[text] = self.search(text, text.split(":"), ":")
        return self._searches[text]

    def _test(self, text: str) -> TextTest:
        if self._style == "exact":
            return text.lower().__eq__
        if self._style == "glob":
            return compile_glob(text.lower())
        try:
            # Not lower-cased: that would turn \D into \d.
            return compile_pcre(text, ignore_case=True)
        except TermError as error:
            # Half of an expression with the delimiter inside, as (?:a|b), is broken and the other is not.
            self.broken = str(error)
            return _never


def _level(text: str) -> _Level:
    bare = text.strip(" ")
    index, other = None, _WORDS.get(bare, _MISSING if bare == text else bare)
    if len(text) <= 20 and text.isascii():
        try:
            index = other = int(text)
        except ValueError:
            pass
    return _Level(text, index, other)


# Keys that YAML does not read as text; data that came over our wire has none of them.
_WORDS: Final[dict[str, object]] = {
    spelling: value
    for value, words in (
        (True, ("true", "yes", "on")),
        (False, ("false", "no", "off")),
        (None, ("none", "null", "~")),
    )
    for word in words
    for spelling in (word, word.capitalize(), word.upper())
}


def _follow(value: Any, path: tuple[_Level, ...]) -> Any:
    """Return what lies at the end of `path`, or _MISSING."""
    for level in path:
        if isinstance(value, Mapping):
            value = _get(value, level)
        elif isinstance(value, list):
            value = _pick(value, level)
        else:
            return _MISSING
        if value is _MISSING:
            return value
    return value


def _get(data: Mapping[Any, Any], level: _Level) -> Any:
    value = data.get(level.key, _MISSING)
    return data.get(level.other, _MISSING) if value is _MISSING and level.other is not _MISSING else value


def _pick(values: list[Any], level: _Level) -> Any:
    key = level.key if level.index is None else level.index
    for member in values:
        if isinstance(member, Mapping) and key in member:
            return member[key]
    if level.index is not None and -len(values) <= level.index < len(values):
        return values[level.index]
    return _MISSING
