"""`shoal-call`: run an execution function on this box, from its own command line.

The function runs in this process, with the box's own configuration and policy. `surroundings.py` says where grains,
tags and files come from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from minion.cli.call_options import call_parser, check_alone
from shoal import exits
from shoal.exits import CliError, UsageError
from shoal.paths import Paths
from shoal.program import complain, run_program

_EVENT: Final = "call"  # on the master's bus: shoal/minion/ID/event/call
_LOCAL: Final = "local"  # what Salt calls the box in the output of a call


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-call", _call, argv)


def _call(argv: list[str]) -> int:
    options, rest = call_parser().read(argv)
    fun, *words = rest or [""]
    if options.grains:
        fun, words = "grains.items", []
    elif options.doc:
        fun, words = "sys.doc", [word for word in (fun, *words) if word]
    if not fun:
        raise UsageError("name a function, e.g. shoal-call --local test.ping; sys.doc lists what there is")
    if options.out:
        _check_out(options.out)
    return _run(options, fun, words)


def _check_out(name: str) -> None:
    from shoal.errors import ConfigError
    from shoal.outputters import check_name  # only who names one pays for it here

    try:
        check_name(name)
    except ConfigError as error:
        raise UsageError(f"--out: {error}") from None


def _run(options: argparse.Namespace, fun: str, words: list[str]) -> int:
    from minion.cli.surroundings import Surroundings  # --version and --help are answered without any of it
    from minion.config import read_minion_config
    from minion.executor.call import Bounds, call_function
    from minion.policy import disabled_patterns
    from shoal.clock import SystemClock
    from shoal.errors import WireError
    from shoal.ids import check_function_name, check_minion_id
    from shoal.logs import set_up_logging
    from shoal.outputters.terminal import clean
    from shoal.pillar.failure import PillarError

    paths = Paths.for_minion(options.root, options.config_dir)
    config = read_minion_config(paths)
    try:
        check_function_name(fun)
        if options.id:
            check_minion_id(options.id)
    except WireError as error:
        raise UsageError(str(error)) from None
    set_up_logging(options.log_level or "warning")
    alone = options.local or config.file_client == "local"
    check_alone(options, alone=alone)
    surroundings = Surroundings(options, paths, config, alone=alone)
    try:
        ctx = surroundings.context()
    except PillarError as error:
        print(f"shoal-call: {clean(str(error))}", file=sys.stderr)  # several lines: places in files
        return exits.FAILED
    _check_policy(config, ctx.registry, fun)
    job = _job(fun, tuple(words), tuple(part for part in options.no_parse.split(",") if part))
    bounds = Bounds(output_max_bytes=config.max_output_bytes, disabled=disabled_patterns(config))
    clock = SystemClock()
    began = clock.monotonic()
    ending = call_function(job, ctx, bounds)
    called = _Called(job, ending, ctx.minion_id, clock.monotonic() - began)
    if not (alone or options.no_return_event):
        _tell(ctx, called)
    return _show(options, called)


def _tell(ctx: Any, called: _Called) -> None:
    """Let the master know that something ran here, and how it ended; not with what, and not what it said."""
    from shoal.errors import ModuleError

    try:
        ctx.master.tell(_EVENT, called.event())
    except ModuleError as error:
        complain("shoal-call", f"the master was not told: {error}")


def _check_policy(config: Any, registry: Any, fun: str) -> None:
    """The box's own rules hold for its own command line too. Raises CliError."""
    from minion.policy import policy_of
    from shoal.errors import UnknownFunctionError

    policy = policy_of(config)
    try:
        names = {fun, registry.get(fun).name}
    except UnknownFunctionError:
        names = {fun}  # calling it says that it is not there, better than we could
    for name in sorted(names):
        refusal = policy.refusal(name)
        if refusal:
            raise CliError(refusal)


def _job(fun: str, words: tuple[str, ...], no_parse: tuple[str, ...]) -> Any:
    from shoal.clock import SystemClock
    from shoal.ids import JidMaker
    from shoal.job import Job

    now = SystemClock().time()
    return Job(
        jid=JidMaker().new(now),
        fleet="",
        to="*",
        fun=fun,
        issued=now,
        expires=now + 1,
        user="",
        args=words,
        from_text=True,
        no_parse=no_parse,
    )


class _Called:
    """A call that has ended."""

    def __init__(self, job: Any, ending: Any, minion_id: str, duration_s: float) -> None:
        from shoal.returns import MAX_VALUE_BYTES
        from shoal.wire import decode

        self.job = job
        self.ending = ending
        self.value = decode(ending.packed, MAX_VALUE_BYTES)
        self.well = ending.retcode == 0 and ending.outcome == "done"
        self._minion_id = minion_id
        self._duration_s = duration_s

    def event(self) -> dict[str, Any]:
        """Return what the master is told."""
        return {
            "jid": self.job.jid,
            "fun": self.job.fun,
            "retcode": self.ending.retcode,
            "success": self.well,
            "outcome": self.ending.outcome,
            "duration": round(self._duration_s, 3),
        }

    def with_metadata(self) -> dict[str, Any]:
        """Return what `--metadata` shows, under Salt's names."""
        return {
            "id": self._minion_id,
            **self.event(),
            "fun_args": list(self.job.args),
            "return": self.value,
        }


def _show(options: argparse.Namespace, called: _Called) -> int:
    text = _text(options, called)
    if text:
        print(text.rstrip("\n"))
    if options.retcode_passthrough:
        return int(called.ending.retcode) & 0xFF
    return exits.OK if called.well else exits.FAILED


def _text(options: argparse.Namespace, called: _Called) -> str:
    from shoal.functions.docs import SYS_DOC, docs_text, merge_docs
    from shoal.outputters import names, render
    from shoal.state_options import state_look

    if options.metadata:
        value, wished = called.with_metadata(), ""
    elif called.job.fun == SYS_DOC and called.well and not options.out:
        return docs_text(merge_docs([called.value]))
    else:
        value, wished = called.value, called.ending.out if called.ending.outcome == "done" else ""
    out = options.out or (wished if wished in names() else "nested")
    colour = options.force_color or (sys.stdout.isatty() and not options.no_color)
    return render(
        {_LOCAL: value},
        out,
        indent=options.out_indent,
        colour=colour,
        states=state_look(options),
    )
