"""Options that every program of the master's side has, and the kinds of values that options take."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from shoal.command_line import CommandLine
from shoal.version import VERSION

LOG_LEVELS: Final = (
    "all", "garbage", "trace", "debug", "profile", "info", "warning", "error", "critical", "quiet",
)  # fmt: skip

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Help of a fixed width. argparse makes one for each option; left to itself it imports shutil."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=100)


class Parser(CommandLine):
    """A command line with the common options."""

    def __init__(
        self, prog: str, usage: str, description: str, *, log_short: tuple[str, ...] = ("-l",)
    ) -> None:
        super().__init__(
            prog=prog,
            usage=usage.replace("%", "%%"),
            description=description,
            allow_abbrev=False,
            formatter_class=_Help,
        )
        add = self.add_argument
        add("-V", "--version", action="version", version=f"{prog} {VERSION}")
        add("-c", "--config-dir", metavar="DIR", default="", help="where the configuration is")
        add("--root", metavar="DIR", default="", help="put every path of Shoal below DIR")
        add(*log_short, "--log-level", choices=LOG_LEVELS, default="", metavar="LEVEL",
            help="debug shows the traceback of an internal error")  # fmt: skip
        self.add_completion()


def seconds(text: str) -> float:
    """Read a duration of at least 0 seconds, for `type=`."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 10 * 365 * 86400:
        raise argparse.ArgumentTypeError(f"a number of seconds expected, not {text!r}")
    return value


def duration(text: str) -> float:
    """Read `90`, `90s`, `30m`, `24h` or `7d` as seconds, for `type=`."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    value = float(number) * _UNITS[unit] if number.isascii() and number.isdigit() else 0.0
    if not 0 < value <= 30 * 86400:
        raise argparse.ArgumentTypeError(
            f"a time of up to 30 days expected (90s, 30m, 24h, 7d), not {text!r}"
        )
    return value


def at_least_one(text: str) -> int:
    """Read a count of at least 1, for `type=`."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number from 1 up expected, not {text!r}")
    return int(text)


def comma_list(text: str) -> list[str]:
    """Read `a,b,c`, for `type=`."""
    return [part.strip() for part in text.split(",") if part.strip()]


def add_output_options(parser: Parser) -> None:
    """Add how results look and where they go."""
    group = parser.add_argument_group("output")
    add: Callable[..., Any] = group.add_argument
    add("--out", "--output", metavar="NAME", default="", help="nested (default), json, yaml, txt, raw, …")
    parser.offer(*parser.word_offers, out=outputters)
    add("--out-indent", "--output-indent", type=int, default=4, metavar="N",
        help="indentation; -1 puts each result on one line")  # fmt: skip
    add("--out-file", "--output-file", metavar="FILE", default="", help="write the results to FILE")
    add("--out-file-append", "--output-file-append", action="store_true", help="add to FILE")
    add("--no-color", "--no-colour", dest="no_colour", action="store_true", help="plain text")
    add("--force-color", "--force-colour", dest="force_colour", action="store_true",
        help="colours even when the output is no terminal")  # fmt: skip


def outputters(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer the names of looks to a shell."""
    from shoal.outputters import names  # only when a shell asks

    return names()


def wants_colour(options: argparse.Namespace) -> bool:
    """Return whether results are coloured: on a terminal, unless told otherwise (also by NO_COLOR)."""
    if options.force_colour:
        return True
    if options.no_colour or options.out_file or os.environ.get("NO_COLOR"):
        return False
    return sys.stdout.isatty()
