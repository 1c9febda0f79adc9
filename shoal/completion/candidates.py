"""What may stand at a place of a command line, by the program's own parser.

1. after an option that takes a value, or behind its `=`: what the parser offers for it, or its choices
2. what begins with a dash, before `--`: the options
3. else what the parser offers for the word at that place, or the names of its commands
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final, NamedTuple

from shoal.command_line import CommandLine, Offer, files

_MAX: Final = 2000
_MAX_HELP: Final = 60
_NAMES_FILES: Final = ("FILE", "DIR")


class Candidate(NamedTuple):
    """A word, and what it is for, if that can be said."""

    text: str
    help: str = ""


class Found(NamedTuple):
    """What fits; `files`: the shell may complete names of files."""

    candidates: list[Candidate]
    files: bool = False


def find(parser: CommandLine, words: list[str], begun: str) -> Found:
    """Return what may take the place of `begun` behind `words`."""
    place = _Place(parser)
    for word in words:
        place.take(word)
    found = place.found(begun)
    fitting = {each.text: each for each in found.candidates if _fits(each.text, begun)}
    return Found(sorted(fitting.values())[:_MAX], found.files)


def _fits(text: str, begun: str) -> bool:
    return text.startswith(begun) and text.isprintable() and (" " not in text or " " in begun)


class _Place:
    """Where the cursor is, word by word."""

    def __init__(self, parser: CommandLine) -> None:
        self._options = argparse.Namespace()
        self._waiting: argparse.Action | None = None  # an option that takes the next word
        self._only_words = False
        self._enter(parser)

    def _enter(self, parser: CommandLine) -> None:
        self._parser = parser
        self._count = 0
        for action in parser._actions:
            if action.default is not argparse.SUPPRESS:
                setattr(self._options, action.dest, action.default)
        for name, value in parser._defaults.items():
            setattr(self._options, name, value)

    def take(self, word: str) -> None:
        """Go past one word."""
        if self._waiting is not None:
            self._store(self._waiting, word)
            self._waiting = None
        elif self._only_words or not word.startswith("-") or word == "-":
            self._take_word(word)
        elif word == "--":
            self._only_words = True
        else:
            self._take_option(word)

    def found(self, begun: str) -> Found:
        """Return what may stand here, whether it fits `begun` or not."""
        if self._waiting is not None:
            return self._values(self._waiting, begun)
        if self._only_words or not begun.startswith("-"):
            return self._words(begun)
        name, equals, value = begun.partition("=")
        if not equals:
            return Found(self._option_names(begun))
        action = self._parser._option_string_actions.get(name)
        if action is None or not _takes_value(action):
            return Found([])
        found = self._values(action, value)
        return found._replace(
            candidates=[each._replace(text=f"{name}={each.text}") for each in found.candidates]
        )

    def _take_word(self, word: str) -> None:
        command = _commands(self._parser).get(word)
        if command is not None:
            self._enter(command)
        else:
            self._count += 1

    def _take_option(self, word: str) -> None:
        actions = self._parser._option_string_actions
        name, equals, value = word.partition("=")
        action = actions.get(name)
        if action is not None:
            if equals or not _takes_value(action):
                self._store(action, value)
            elif name not in self._parser.bare_values:
                self._waiting = action
            return
        for index, letter in enumerate(word[1:], 2):  # -yA, -lacc
            action = actions.get(f"-{letter}")
            if action is None:
                return
            if not _takes_value(action):
                self._store(action, "")
            elif index == len(word):
                self._waiting = action
            else:
                self._store(action, word[index:])
                return

    def _store(self, action: argparse.Action, text: str) -> None:
        setattr(self._options, action.dest, text if _takes_value(action) else action.const)

    def _option_names(self, begun: str) -> list[Candidate]:
        names = []
        for action in self._parser._actions:
            if action.help is argparse.SUPPRESS:
                continue
            for name in action.option_strings:
                if name.startswith("--") or not begun.startswith("--"):
                    names.append(Candidate(name, _short(action.help)))
                if name in self._parser.bare_values:
                    names.append(Candidate(f"{name}=", _short(action.help)))
        return names

    def _values(self, action: argparse.Action, begun: str) -> Found:
        offer = self._parser.value_offers.get(action.dest)
        if offer is not None:
            return self._ask(offer, begun)
        if action.choices is not None:
            return Found([Candidate(str(choice)) for choice in action.choices])
        return Found([], files=action.metavar in _NAMES_FILES)

    def _words(self, begun: str) -> Found:
        commands = _commands(self._parser)
        if commands:
            return Found([Candidate(name) for name in commands])
        offers = self._parser.word_offers
        return self._ask(offers[min(self._count, len(offers) - 1)], begun) if offers else Found([])

    def _ask(self, offer: Offer, begun: str) -> Found:
        if offer is files:
            return Found([], files=True)
        texts: Iterable[str] = offer(self._options, begun)
        return Found([Candidate(text) for text in texts])


def _commands(parser: CommandLine) -> dict[str, CommandLine]:
    """Return the parsers of a program's commands, as `join` of `shoal-minion`."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _takes_value(action: argparse.Action) -> bool:
    return action.nargs != 0


def _short(text: str | None) -> str:
    line = " ".join((text or "").replace("%%", "%").split())
    return line if len(line) <= _MAX_HELP else line[: _MAX_HELP - 1].rstrip() + "…"
