"""Fits what an operator or the API gave to what a function takes. Every failure is one line with the usage.

In order: words of the form `name=value` become keywords (only if `name` is a parameter or the function takes
`**kwargs`), then positions, then unknown, doubled and missing names, then types, then bundles.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from shoal.errors import ArgumentError
from shoal.functions import coerce
from shoal.functions.function import Function
from shoal.functions.parameters import Parameter

_NAMED: Final = re.compile(r"([A-Za-z_][\w.-]*)=", re.ASCII)  # as in Salt
_SHOWN_CHARS: Final = 60
_POSSIBLE: Final = 0.6  # likeness from which a name is worth suggesting
_LIKELY: Final = 0.75  # likeness from which `nmae=x` in place of a value is taken for a misspelled name


def bind(
    function: Function,
    args: Iterable[Any],
    kwargs: Mapping[str, Any],
    *,
    from_text: bool = False,
    no_parse: Collection[str] = (),
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments with which `function.call(ctx, *args, **kwargs)` is to be called.

    With `from_text` each text is a word of a command line and the parameter's type decides what it becomes;
    parameters in `no_parse` keep their text. Without it every value must already be of the right type.

    Raises:
        ArgumentError: missing, surplus, doubled, misspelled or not of the type; the text shows the usage.
    """
    return _Binding(function, from_text, frozenset(no_parse)).bind(args, kwargs)


class _Binding:
    """One attempt to fit arguments to one function."""

    def __init__(self, function: Function, from_text: bool, no_parse: frozenset[str]) -> None:
        self._function = function
        self._signature = function.signature
        self._from_text = from_text
        self._no_parse = no_parse

    def bind(self, args: Iterable[Any], kwargs: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return positional and keyword arguments. Raises ArgumentError."""
        words, named = self._split(args)
        for name, value in kwargs.items():
            self._add(named, str(name), value)
        self._check_names(named)
        self._check_positions(words, named)
        places: list[Parameter] = [*self._signature.positional[: len(words)]]
        if self._signature.rest:
            places += [self._signature.rest] * (len(words) - len(places))
        given = [self._fit(p, p.name, word) for p, word in zip(places, words, strict=True)]
        return given, self._keywords(named)

    def _split(self, args: Iterable[Any]) -> tuple[list[Any], dict[str, Any]]:
        words: list[Any] = []
        named: dict[str, Any] = {}
        for word in args:
            name = named_word(word) if self._from_text else ""
            if name in self._signature.keywords or (name and self._takes_any(word, name)):
                self._add(named, name, word[len(name) + 1 :])
            else:
                words.append(word)
        return words, named

    def _takes_any(self, word: str, name: str) -> bool:
        """Say whether the word is a keyword of any name; as in Salt, `package==1.0` is none."""
        return self._signature.extra is not None and word[len(name) + 1 : len(name) + 2] != "="

    def _add(self, named: dict[str, Any], name: str, value: Any) -> None:
        if name in named:
            raise self._wrong(f"{name!r} is given twice")
        named[name] = value

    def _check_names(self, named: dict[str, Any]) -> None:
        known = self._signature.keywords
        asked = {**named, **dict.fromkeys(self._no_parse, None)}
        for name in asked:
            if name in known:
                continue
            if not self._signature.extra:
                raise self._wrong(f"no parameter is called {name!r}{self._near(name)}")
            if name in self._signature.taken:
                raise self._wrong(f"{name!r} cannot be used as a name here")

    def _check_positions(self, words: list[Any], named: dict[str, Any]) -> None:
        places = self._signature.positional
        for place, word in zip(places, words, strict=False):
            if place.name in named:
                raise self._wrong(f"{place.name!r} is given twice, by position and by name")
            if not place.required:  # `nginx verison=1.2` must not become a version called `verison=1.2`
                self._refuse_misspelled(word, _LIKELY)
        if len(words) > len(places) and not self._signature.rest:
            surplus = words[len(places)]
            self._refuse_misspelled(surplus, _POSSIBLE)
            raise self._wrong(f"too many arguments, {_shown(surplus)} has no place")
        for parameter in self._signature.keywords.values():
            if parameter.required and parameter.name not in named and parameter not in places[: len(words)]:
                raise self._wrong(f"{parameter.name!r} is missing")

    def _refuse_misspelled(self, word: Any, cutoff: float) -> None:
        name = named_word(word) if self._from_text else ""
        hint = self._near(name, cutoff) if name else ""
        if hint:
            raise self._wrong(f"no parameter is called {name!r}{hint}")

    def _keywords(self, named: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        bundled: dict[str, dict[str, Any]] = {name: {} for name in self._signature.bundles}
        for name, value in named.items():
            parameter = self._signature.keywords.get(name) or self._signature.extra
            assert parameter  # `_check_names` saw to it
            fitted = self._fit(parameter, name, value)
            if parameter.bundle:
                bundled[parameter.bundle][parameter.python] = fitted
            else:
                result[name if parameter is self._signature.extra else parameter.python] = fitted
        for name, values in bundled.items():
            result[name] = self._signature.bundles[name](**values)
        return result

    def _fit(self, parameter: Parameter, name: str, value: Any) -> Any:
        try:
            if self._from_text and isinstance(value, str) and name not in self._no_parse:
                return coerce.from_text(value, parameter.kind)
            return coerce.from_value(value, parameter.kind)
        except coerce.Mismatch as error:
            self._refuse_misspelled(value, _POSSIBLE)
            raise self._wrong(f"{name!r} must be {error}, not {_shown(value)}") from None

    def _near(self, name: str, cutoff: float = _POSSIBLE) -> str:
        import difflib  # only when something is wrong already

        near = difflib.get_close_matches(name, self._signature.keywords, n=1, cutoff=cutoff)
        return f", did you mean {near[0]!r}?" if near else ""

    def _wrong(self, what: str) -> ArgumentError:
        return ArgumentError(f"{self._function.name}: {what} (usage: {self._function.usage})")


def named_word(word: Any) -> str:
    """Return `name` of a word of the form `name=value`, or an empty text."""
    found = _NAMED.match(word) if isinstance(word, str) else None
    return found[1] if found else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
