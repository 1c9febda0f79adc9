"""The options about the look of state runs, of all programs that show results. Salt's where Salt has one.

The others are keys of Salt's configuration (`state_output_pct` is `--state-output-pct`); Shoal's programs have no
configuration of their own to put them into. An option that is not given leaves the default to `StateLook`.
"""

from __future__ import annotations

import argparse
from typing import Any

from shoal.command_line import CommandLine
from shoal.state_look import OUTPUTS, RESULTS, StateLook


def add_state_options(parser: CommandLine) -> None:
    """Add how state runs look."""
    group = parser.add_argument_group("state runs")

    def add(name: str, *, other: str = "", **rules: Any) -> None:
        dest = name.replace("-", "_")
        group.add_argument(f"--{name}", *([f"--{other}"] if other else []), dest=dest, **rules)
        old = [f"--{each.replace('-', '_')}" for each in (name, other) if each]
        group.add_argument(*old, dest=dest, **{**rules, "help": argparse.SUPPRESS})  # Salt takes both

    add("state-output", type=str.lower, choices=OUTPUTS, metavar="LOOK",
        help="full (default), terse, mixed, changes or filter; with _id behind it states go by their ids")  # fmt: skip
    add(
        "state-verbose",
        type=_truth,
        metavar="BOOL",
        help="False: only states that failed or changed something",
    )
    add("state-output-diff", other="output-diff", action="store_const", const=True,
        help="only states that failed or changed something")  # fmt: skip
    add("state-output-pct", action="store_const", const=True, help="percentages in the summary")
    add("state-output-profile", type=_truth, metavar="BOOL", help="False: no times")
    add("state-output-exclude", type=_results, metavar="A,B",
        help="what filter leaves out: True, False, None")  # fmt: skip
    add("state-output-terse", type=_results, metavar="A,B",
        help="what filter shows on one line: True, False, None")  # fmt: skip
    add("state-tabular", action="store_const", const=True, help="columns, where a state has one line")
    add("state-compress-ids", action="store_const", const=True,
        help="one entry for all names of an id with the same result")  # fmt: skip
    parser.offer(
        *parser.word_offers,
        state_output=lambda options, begun: OUTPUTS,
        state_verbose=lambda options, begun: RESULTS[:2],
        state_output_profile=lambda options, begun: RESULTS[:2],
    )


def state_look(options: argparse.Namespace) -> StateLook:
    """Return what `options` ask for; the default of a program that has not got them."""
    given = {name: getattr(options, f"state_{name}", None) for name in StateLook._fields}
    return StateLook(**{name: value for name, value in given.items() if value is not None})


def _truth(text: str) -> bool:
    word = text.capitalize()
    if word not in RESULTS[:2]:
        raise argparse.ArgumentTypeError(f"True or False expected, not {text!r}")
    return word == "True"


def _results(text: str) -> tuple[str, ...]:
    words = tuple(part.strip().capitalize() for part in text.split(",") if part.strip())
    if not words or not set(RESULTS).issuperset(words):
        raise argparse.ArgumentTypeError(
            f"True, False or None expected, or several with commas, not {text!r}"
        )
    return words
