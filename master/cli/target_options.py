"""Whom a command is for: Salt's target letters, and `-T` for tags."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any, Final

from master.cli.options import Parser

DEFAULT_KIND: Final = "glob"
DEFAULT_DELIMITER: Final = ":"

_KINDS: Final = (
    ("-E", "--pcre", "pcre", "a regular expression on minion ids"),
    ("-L", "--list", "list", "minion ids, separated by commas"),
    ("-G", "--grain", "grain", "a grain and a glob: os:Debian"),
    ("-P", "--grain-pcre", "grain_pcre", "a grain and a regular expression: os:(Debian|Ubuntu)"),
    ("-I", "--pillar", "pillar", "a pillar key and a glob: role:web*"),
    ("-J", "--pillar-pcre", "pillar_pcre", "a pillar key and a regular expression"),
    ("-S", "--ipcidr", "ipcidr", "an address or subnet: 10.0.0.0/8"),
    ("-N", "--nodegroup", "nodegroup", "a group from the master's configuration"),
    ("-C", "--compound", "compound", "several, joined by and, or, not: 'G@os:Debian and not db*'"),
    ("-T", "--tag", "tag", "a tag set on the master and a glob: site:lyon*"),
)


def add_target_options(parser: Parser, *, taken: Collection[str] = ()) -> None:
    """Add the flags that say how the target is to be read; at most one may be given.

    `taken` are letters that mean something else in this program.
    """
    group = parser.add_argument_group("target (a glob on minion ids, unless one of these is given)")
    letters = group.add_mutually_exclusive_group()
    for short, long, kind, text in _KINDS:
        flags = (long,) if short in taken else (short, long)
        letters.add_argument(*flags, dest="kind", action="store_const", const=kind, help=text)
    parser.set_defaults(kind=DEFAULT_KIND)
    group.add_argument("--delimiter", metavar="CHAR", default=DEFAULT_DELIMITER,
        help="what separates the levels of a grain, pillar or tag, instead of ':'")  # fmt: skip


def target(options: argparse.Namespace, expr: str) -> dict[str, Any]:
    """Return the target as the control socket takes it."""
    if options.kind == "list":  # as in Salt: on the command line spaces part ids, or do not count
        expr = expr.replace(" ", "") if "," in expr else ",".join(expr.split())
    return {"kind": options.kind, "expr": expr, "delimiter": options.delimiter}
