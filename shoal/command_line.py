"""The parser of all programs: options and words in any order, a wrong command line is one line on stderr.

As with Salt, options may stand after the words they belong to (`shoal '*' test.ping -v`). What looks like an
option but is none is refused with a hint; after `--` everything is a word. A negative number is a word.
"""

from __future__ import annotations

import argparse
from typing import NoReturn

from shoal.exits import UsageError


class CommandLine(argparse.ArgumentParser):
    """An option parser that raises UsageError instead of printing the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")

    def read(self, words: list[str]) -> tuple[argparse.Namespace, list[str]]:
        """Return the options and the remaining words of a command line. Raises UsageError."""
        cut = words.index("--") if "--" in words else len(words)
        for word in words:
            if not word.isascii() and _is_no_text(word):
                self.error(f"not UTF-8: {word!a}")
        options, rest = self.parse_known_args(words[:cut])
        for word in rest:
            if _looks_like_option(word):
                self.error(f"no such option: {word} (write -- before words that begin with a dash)")
        return options, rest + words[cut + 1 :]


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
