"""`shoal '<target>' <module.function> [arguments]`: run a function on minions and show what they answer."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from master.cli.client import Conversation, Message, Refused
from master.cli.job_options import add_job_options, command, run_request
from master.cli.live import LiveLines
from master.cli.offers import functions, targets
from master.cli.options import Parser, add_output_options
from master.cli.output import Output, check_out, open_output
from master.cli.place import socket_path
from master.cli.progress import Progress
from master.cli.report import Report, summary
from master.cli.target_options import add_target_options, target
from shoal import exits
from shoal.clock import SystemClock
from shoal.command_line import files
from shoal.functions.docs import SYS_DOC
from shoal.program import complain, run_program
from shoal.state_options import add_state_options

_USAGE: Final = "shoal [options] '<target>' <module.function> [arguments]"
_EPILOG: Final = """\
Options may stand anywhere; after -- everything is an argument. The minion decides what arguments mean.
Exit codes: 0 all well, 1 a minion failed or did not return, 2 no minion matched, 64 wrong command line,
69 no master answers, 77 not allowed."""
_LATER: Final = """
This job's jid is: {jid}
The minions may not have all finished running and any remaining minions will return upon completion. \
To look up the return data for this job later, run:

shoal-run jobs.lookup_jid {jid}"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal", _shoal, argv)


def _shoal(words: list[str]) -> int:
    options, rest = _parser().read(words)
    expr, fun, args = command(options, rest)
    check_out(options.out)
    if options.preview_target:
        return _preview(options, expr)
    return run_job(options, run_request(options, expr, fun, args))


def run_job(options: argparse.Namespace, request: Message) -> int:
    """Have the master run a job, show what comes of it, and return the exit code."""
    try:
        return _run(options, request)
    except Refused as refusal:
        if refusal.kind != "no_match":
            raise
        print(refusal, file=sys.stderr if options.out else sys.stdout, flush=True)
        print("ERROR: No return received", file=sys.stderr)
        return exits.NO_MATCH


def _parser() -> Parser:
    parser = Parser("shoal", _USAGE, "Run a function on minions and show what they answer.")
    parser.epilog = _EPILOG
    parser.offer(targets, functions, files)
    add_target_options(parser)
    add_job_options(parser)
    add_output_options(parser)
    add_state_options(parser)
    add = parser.add_argument_group("what is shown").add_argument
    add("-s", "--static", action="store_true", help="show all results together, at the end")
    add("-v", "--verbose", action="store_true", help="show the job's id; name minions in the summary")
    add("--show-jid", action="store_true", help="show the job's id")
    add("--summary", action="store_true", help="count at the end who returned, failed and stayed silent")
    add("--hide-timeout", action="store_true", help="do not show minions that did not return")
    return parser


def _preview(options: argparse.Namespace, expr: str) -> int:
    path, hint = socket_path(options)
    with Conversation(path, {"op": "preview", "target": target(options, expr)}, hint=hint) as talk:
        answer = talk.answer()
    ids = sorted(answer["ids"])
    with open_output(options) as output:
        output.value(ids)
    _remark(answer)
    if ids:
        return exits.OK
    print("No minions matched the target.", file=sys.stderr)
    return exits.NO_MATCH


def _remark(answer: Message, *, missing: bool = True) -> None:
    """Say what is legal and doubtful about a target; `missing`: also which ids in a list nobody has."""
    for hint in answer.get("hints", ()):
        complain("shoal", f"note: {hint}")
    for minion in answer.get("missing", ()) if missing else ():
        complain("shoal", f"note: there is no accepted minion {minion}")


def _run(options: argparse.Namespace, request: Message) -> int:
    path, hint = socket_path(options)
    progress = Progress(sys.stderr, SystemClock(), enabled=sys.stderr.isatty() and not options.detach)
    with (
        open_output(options) as output,
        Conversation(path, request, hint=hint, tick_s=progress.tick_s) as talk,
    ):
        if options.detach:
            return _detached(talk)
        docs = request["fun"] == SYS_DOC
        report = Report(output, static=options.static, hide_silent=options.hide_timeout, docs=docs)
        return _Run(options, output, report, progress).follow(talk)


def _detached(talk: Conversation) -> int:
    done: Message = {}
    for message in talk:
        _remark(message)
        done = message.get("done", done)
    print(f"Executed command with job ID: {talk.jid or done.get('jid', '')}")
    return exits.OK


class _Run:
    """One job being watched: messages in, results out."""

    def __init__(
        self, options: argparse.Namespace, output: Output, report: Report, progress: Progress
    ) -> None:
        self._options = options
        self._output = output
        self._report = report
        self._progress = progress
        self._live = LiveLines(output)

    def follow(self, talk: Conversation) -> int:
        """Show everything `talk` says; return the exit code."""
        done: Message = {}
        try:
            self._output.prepare()
            for message in talk:
                self._take(message)
                done = message.get("done", done)
        except KeyboardInterrupt:
            self._progress.clear()
            if not talk.jid:
                raise
            self._report.close()
            sys.stdout.flush()
            for minion, state in self._progress.states.items():
                print(f"{minion}: {state}", file=sys.stderr)
            print(_LATER.format(jid=talk.jid), file=sys.stderr)
            if self._options.batch:
                print("Minions whose turn had not come do not run it.", file=sys.stderr)
            return exits.FAILED
        except exits.CliError:
            self._progress.clear()
            if talk.jid:  # show what came before it went wrong
                self._report.close()
            raise
        self._progress.clear()
        self._report.close()
        return self._verdict(done)

    def _take(self, message: Message) -> None:
        kind = message.get("event")
        if kind == "job":
            self._progress.expect(message["targets"])
            _remark(message, missing=False)  # each comes as an answer that is missing
            self._opening(message["jid"])
        elif kind == "return":
            self._progress.clear()
            self._progress.settled(message["id"])
            self._live.finish(message["id"])
            self._report.add_return(message)
            if message.get("trimmed"):
                complain("shoal", f"{message['id']}: {message['trimmed']} bytes of its output were left out")
        elif kind == "silent":
            self._progress.clear()
            self._progress.settled(message["id"])
            self._report.add_silent(message)
        elif kind in ("output", "step"):
            self._progress.clear()
            self._live.add(message)
        elif kind == "progress":
            self._progress.note(message)
        if "done" not in message:
            self._progress.draw()

    def _opening(self, jid: str) -> None:
        if self._options.verbose:
            text = f"Executing job with jid {jid}"
            self._output.aside(f"{text}\n{'-' * len(text)}\n")
        elif self._options.show_jid:
            self._output.aside(f"jid: {jid}")

    def _verdict(self, done: Message) -> int:
        if self._options.summary:
            self._output.aside(summary(self._report, verbose=self._options.verbose))
        skipped = done.get("skipped", [])
        if skipped:
            why = "stopped by --failhard" if self._options.failhard and not self._report.ok else "cancelled"
            complain("shoal", f"{why}; not run on: {', '.join(skipped)}")
        if self._report.ok and not skipped:
            return exits.OK
        sys.stdout.flush()
        print("ERROR: Minions returned with non-zero exit code", file=sys.stderr)
        return exits.FAILED
