"""The parser of all programs: options and words in any order, a wrong command line is one line on stderr.

As with Salt, options may stand after the words they belong to (`shoal '*' test.ping -v`). What looks like an
option but is none is refused with a hint; after `--` everything is a word. A negative number is a word.

Each program answers shells that ask what may stand where (`shoal/completion/`): the parser's own options, and what
`offer` was told.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn

from shoal.exits import UsageError

Offer = Callable[
    [argparse.Namespace, str], Iterable[str]
]  # the options so far and what is begun → what may stand there
_SHELLS: Final = ("bash", "zsh", "fish")
_ASKED_BY_A_SHELL: Final = "--complete"


def files(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer names of files: nothing is looked up here, the shell does that best."""
    return ()


class CommandLine(argparse.ArgumentParser):
    """An option parser that raises UsageError instead of printing the whole usage."""

    bare_values: Mapping[str, str] = {}  # options whose value may be left out, and how they read then
    word_offers: tuple[Offer, ...] = ()
    value_offers: Mapping[str, Offer] = {}

    def offer(self, *words: Offer, **values: Offer) -> None:
        """Say what may stand where: at the places of words (the last for all that follow), and as options' values."""
        self.word_offers = words
        self.value_offers = {**self.value_offers, **values}

    def add_completion(self) -> None:
        """Add the option that prints a shell's completion of this program."""
        self.add_argument(
            "--completion",
            action=_Completion,
            choices=_SHELLS,
            metavar="SHELL",
            help="print the completion for bash, zsh or fish",
        )

    def answer_shell(self, words: list[str]) -> None:
        """Answer and end, if `words` are a shell's question. Raises SystemExit."""
        if words[:1] == [_ASKED_BY_A_SHELL]:
            from shoal.completion.answer import answer  # only when a shell asks

            text, code = answer(self, words[1:])
            sys.stdout.write(text)
            raise SystemExit(code)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: list[str]) -> tuple[argparse.Namespace, list[str]]:
        """Return the options and the remaining words of a command line. Raises UsageError."""
        self.answer_shell(words)
        cut = words.index("--") if "--" in words else len(words)
        for word in words:
            if not word.isascii() and _is_no_text(word):
                self.error(f"not UTF-8: {word!a}")
        options, rest = self.parse_known_args([self.bare_values.get(word, word) for word in words[:cut]])
        for word in rest:
            if _looks_like_option(word):
                self.error(f"no such option: {word} (write -- before words that begin with a dash)")
        return options, rest + words[cut + 1 :]


class _Completion(argparse.Action):
    """Prints the script and ends, as `--version` does."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> NoReturn:
        from shoal.completion.scripts import script  # only when it is asked for

        sys.stdout.write(script(values, parser.prog))
        raise SystemExit(0)


def _is_no_text(word: str) -> bool:
    """Return whether `word` stands for bytes that are no UTF-8 (Python hands them over as surrogates)."""
    return any("\ud800" <= char <= "\udfff" for char in word)


def _looks_like_option(word: str) -> bool:
    if not word.startswith("-") or word == "-" or " " in word:
        return False
    try:
        float(word)
    except ValueError:
        return True
    return False
