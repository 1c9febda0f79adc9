"""`shoal-run <module.function> [arguments]`: ask the master itself (jobs, minions up and down, events, …)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from master.cli.client import Conversation, Refused
from master.cli.docs import write_docs
from master.cli.offers import runners
from master.cli.options import Parser, add_output_options
from master.cli.output import Output, check_out, open_output
from master.cli.place import socket_path
from shoal import exits
from shoal.command_line import files
from shoal.exits import UsageError
from shoal.functions.docs import SYS_DOC
from shoal.program import run_program
from shoal.state_options import add_state_options

_USAGE: Final = "shoal-run [options] <module.function> [arguments]"
_STATE_EVENT: Final = "state.event"
_TEMPLATES: Final = "render"  # the kind of a refusal that shows what is wrong in which files
_SEAL: Final = "pillar.seal"
_MAX_EXIT: Final = 255
_MASTER: Final = "master"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-run", _run, argv)


def _parser() -> Parser:
    parser = Parser("shoal-run", _USAGE, "Run a function on the master.")
    parser.epilog = "shoal-run -d lists the functions; shoal-run state.event pretty=True shows events."
    parser.offer(runners, files)
    parser.add_argument(
        "-d", "--doc", action="store_true", help="show what there is, or one module's functions"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing but errors")
    add_output_options(parser)
    add_state_options(parser)
    return parser


def _run(words: list[str]) -> int:
    options, rest = _parser().read(words)
    if options.doc:
        rest = [SYS_DOC, *rest]
    if not rest:
        raise UsageError("no function: shoal-run <module.function> [arguments]; shoal-run -d lists them")
    check_out(options.out)
    path, hint = socket_path(options)
    with open_output(options) as output:
        if rest[0] == _STATE_EVENT:
            from master.cli.event_stream import follow_events  # needs json, which is slow to start

            return follow_events(path, hint, rest[1:], output)
        if rest[0] == _SEAL:
            from master.cli.seal import seal_secret  # needs libsodium

            return seal_secret(path, hint, rest[1:], output)
        return _ask(options, path, hint, rest, output)


def _ask(options: argparse.Namespace, path: str, hint: str, words: list[str], output: Output) -> int:
    fun, *args = words
    request = {"op": "runner", "fun": fun, "args": args, "kwargs": {}, "from_text": True}
    try:
        with Conversation(path, request, hint=hint, patience_s=0.0) as talk:
            answer = talk.answer()
    except Refused as refused:
        if refused.kind != _TEMPLATES:
            raise
        from shoal.outputters.terminal import clean  # only when something is wrong

        print(f"shoal-run: {clean(str(refused))}", file=sys.stderr)  # several lines: places in files
        return refused.exit_code
    value, retcode = answer.get("value"), answer.get("retcode", 0)
    if not options.quiet:
        if fun == SYS_DOC and isinstance(value, dict):
            write_docs({_MASTER: value}, output)
        else:
            output.value(value, answer.get("out", ""))
    return exits.OK if retcode == 0 else min(max(retcode, 1), _MAX_EXIT)
