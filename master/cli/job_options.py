"""The options of `shoal` that say how a job runs, and the request they become.

The function's arguments stay words: the minion's signature decides what they mean, never this program.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any, Final

from master.cli.options import Parser, at_least_one, comma_list, duration, seconds
from master.cli.target_options import target
from shoal.exits import UsageError
from shoal.functions.docs import SYS_DOC

_BARE: Final = {
    "--queue": "--queue=24h",
    "--desired": "--desired=",
}  # argparse would take the next word for the value


def add_job_options(parser: Parser) -> None:
    """Add how the job runs: to how many at a time, for how long, and with what."""
    parser.bare_values = _BARE
    add = parser.add_argument_group("job").add_argument
    add("-t", "--timeout", type=seconds, default=0.0, metavar="S",
        help="give up minions that show no sign of it for S seconds (default: the master's, 5)")  # fmt: skip
    add("--job-timeout", type=seconds, default=0.0, metavar="S", help="kill the function after S seconds")
    add("--async", dest="detach", action="store_true", help="print the job's id and do not wait")
    add("--stream", action="store_true", help="show output while it runs, each line behind its minion's id")
    add("--queue", type=duration, default=0.0, metavar="TTL",
        help="keep it for minions that are away, for TTL: --queue=7d, =30m; 24h if left out")  # fmt: skip
    add("--desired", metavar="CHANNEL",
        help="keep it like --queue, for 30d; on each minion only the newest job of its channel counts "
             "(the function's name if left out)")  # fmt: skip
    add("--now", action="store_true", help="do not keep it, whatever the master's configuration says")
    add("-b", "--batch", "--batch-size", type=_batch, metavar="N|N%",
        help="run on at most N minions, or N percent of them, at a time")  # fmt: skip
    add("--batch-wait", type=seconds, default=0.0, metavar="S", help="wait S seconds after each return")
    add("--failhard", action="store_true", help="start no further minion after the first failure")
    add("--subset", type=at_least_one, default=0, metavar="N", help="N random minions of those that match")
    add("--preview-target", action="store_true", help="only show which minions match")
    add("--no-parse", type=comma_list, default=[], metavar="A,B", help="arguments that stay text")
    add("--args-stdin", action="store_true", help="read more arguments from stdin, one a line")
    add("--metadata", type=_metadata, default={}, metavar="JSON|K=V", help="kept with the job, to find it by")
    add("--return", dest="returners", type=comma_list, default=[], metavar="A,B",
        help="also send the results to these returners")  # fmt: skip
    add("-d", "--doc", action="store_true", help="show the documentation of a module or function")


def command(options: argparse.Namespace, words: list[str]) -> tuple[str, str, list[str]]:
    """Return target expression, function and argument words. Raises UsageError."""
    if options.doc:
        words = _doc_words(words)
    if not words:
        raise UsageError("no target: shoal '<target>' <module.function> [arguments]; see shoal --help")
    if options.preview_target:
        return words[0], "", []
    if len(words) < 2 or not words[1]:
        meant = f" (on all minions: shoal '*' {words[0]})" if _looks_like_function(words[0]) else ""
        raise UsageError(
            f"no function: shoal '{words[0]}' <module.function> [arguments]{meant}; see shoal --help"
        )
    if options.stream and options.detach:
        raise UsageError("--stream shows output while it waits; --async does not wait")
    expr, fun, *args = words
    if "," in fun:
        count = len(fun.split(","))
        raise UsageError(f"one function a call, {fun!r} has {count}: call shoal once for each of them")
    if options.args_stdin:
        args += [line.rstrip("\r\n") for line in sys.stdin]
    return expr, fun, args


def run_request(options: argparse.Namespace, expr: str, fun: str, args: list[str]) -> dict[str, Any]:
    """Return the control socket's `run` request; a time of 0 leaves it to the master or the minion."""
    return {
        "op": "run",
        "target": target(options, expr),
        "fun": fun,
        "args": args,
        "kwargs": {},
        "from_text": True,
        "no_parse": options.no_parse,
        "timeout_s": options.timeout,
        "job_timeout_s": options.job_timeout,
        "mode": _mode(options),
        "channel": options.desired or "",
        "queue_ttl_s": options.queue,
        "batch": options.batch or "",
        "batch_wait_s": options.batch_wait,
        "subset": options.subset,
        "failhard": options.failhard,
        "async": options.detach,
        "stream": options.stream,
        "metadata": options.metadata,
        "returners": options.returners,
    }


def _mode(options: argparse.Namespace) -> str:
    """Return the mode that was asked for; "" leaves it to the master. Raises UsageError."""
    desired = options.desired is not None
    if options.now and (desired or options.queue):
        raise UsageError("--now goes with neither --queue nor --desired")
    if options.now:
        return "now"
    return "desired" if desired else "queue" if options.queue else ""


def _doc_words(words: list[str]) -> list[str]:
    """Return `TARGET sys.doc [NAME]`, as Salt completes `-d`: everyone and everything where not given."""
    expr, *rest = words or ["*"]
    if rest[:1] == [SYS_DOC]:
        del rest[0]
    if len(rest) > 1:
        raise UsageError("-d takes one module or function at a time: shoal '*' -d cmd.run")
    return [expr, SYS_DOC, *rest]


def _looks_like_function(word: str) -> bool:
    return word.count(".") == 1 and all(part.isidentifier() for part in word.split("."))


def _batch(text: str) -> str:
    number = text.removesuffix("%")
    count = int(number) if number.isascii() and number.isdigit() else 0
    if count < 1 or (count > 100 and number != text):
        raise argparse.ArgumentTypeError(f"a number or a percentage expected (5 or 10%), not {text!r}")
    return text


def _metadata(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        name, equals, value = text.partition("=")
        if equals and name:
            return {name: value}
        raise argparse.ArgumentTypeError(f"a JSON object or name=value expected, not {text!r}")
    import json  # only who gives a JSON object pays for it

    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a JSON object: {error}") from None
    return dict(value)
