"""`shoal-call`: run an execution function on this box, from its own command line.

The function runs in this process, with the box's own configuration, grains and policy. No master is asked:
`--local` says so explicitly, as in Salt, and is the only way there is until files and pillar are served.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from shoal import exits
from shoal.command_line import CommandLine
from shoal.exits import UsageError
from shoal.paths import Paths
from shoal.program import run_program
from shoal.version import VERSION

_LOCAL: Final = "local"  # what Salt calls the box in the output of a call


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-call", _call, argv)


def _parser() -> CommandLine:
    parser = CommandLine(
        prog="shoal-call", usage="shoal-call [options] MODULE.FUNCTION [arguments]", allow_abbrev=False
    )
    add = parser.add_argument
    add("-V", "--version", action="version", version=f"shoal-call {VERSION}")
    add("--root", default="", help="put all files under this folder (SHOAL_ROOT)")
    add("-c", "--config-dir", default="", help="folder of the configuration")
    add("-l", "--log-level", default="", help="how much is logged: debug, info, warning, error")
    add("--local", action="store_true", help="ask no master")
    add("--id", default="", help="use this id instead of the configured one")
    add("--skip-grains", action="store_true", help="do not collect grains")
    add("-g", "--grains", action="store_true", help="show the grains")
    add("-d", "--doc", action="store_true", help="show the documentation of functions")
    add("--retcode-passthrough", action="store_true", help="exit with the function's return code")
    add("--no-parse", default="", help="names of arguments that stay text, separated by commas")
    add(
        "--out",
        "--output",
        dest="out",
        default="",
        help="outputter: nested, json, yaml, txt, raw, table, quiet, …",
    )
    add("--out-indent", type=int, default=4, help="indentation of json and yaml; -1 for one line")
    add("--no-color", "--no-colour", action="store_true", help="no colours")
    add("--force-color", "--force-colour", action="store_true", help="colours even into a pipe")
    return parser


def _call(argv: list[str]) -> int:
    options, rest = _parser().read(argv)
    fun, *words = rest or [""]
    if options.grains:
        fun, words = "grains.items", []
    elif options.doc:
        fun, words = "sys.doc", [word for word in (fun, *words) if word]
    if not fun:
        raise UsageError("name a function, e.g. shoal-call --local test.ping; sys.doc lists what there is")
    ending = _run(options, fun, words)
    return _show(options, ending)


def _run(options: argparse.Namespace, fun: str, words: list[str]) -> Any:
    from dataclasses import replace  # only now: --version and --help are answered without any of it

    from minion.config import read_minion_config
    from minion.executor.call import Bounds, call_function
    from minion.policy import disabled_patterns
    from shoal.errors import WireError
    from shoal.ids import check_function_name, check_minion_id
    from shoal.logs import set_up_logging

    paths = Paths.for_minion(options.root, options.config_dir)
    config = read_minion_config(paths)
    try:
        check_function_name(fun)
        if options.id:
            config = replace(config, id=check_minion_id(options.id))
    except WireError as error:
        raise UsageError(str(error)) from None
    set_up_logging(options.log_level or "warning")
    ctx = _context(paths, config, skip_grains=options.skip_grains)
    _check_policy(config, ctx.registry, fun)
    job = _job(fun, tuple(words), tuple(part for part in options.no_parse.split(",") if part))
    bounds = Bounds(output_max_bytes=config.max_output_bytes, disabled=disabled_patterns(config))
    return call_function(job, ctx, bounds)


def _context(paths: Paths, config: Any, *, skip_grains: bool) -> Any:
    from modules.context import Context
    from modules.own_files import OwnFiles
    from modules.registry import Registry
    from modules.standalone import NoDaemon, NoJobs, NoMaster

    grains: dict[str, Any] = {} if skip_grains else _grains(paths, config)
    return Context(
        minion_id=config.id,
        grains={**grains, "id": config.id},
        pillar={},
        tags={},
        settings=config.module_settings(paths),
        registry=Registry(paths.state_dir / "modules"),
        jobs=NoJobs(),
        daemon=NoDaemon(),
        files=OwnFiles(config.state_folders(paths)),
        master=NoMaster(),
        jid="",
        job_user="",
    )


def _grains(paths: Paths, config: Any) -> dict[str, Any]:
    from minion.executor import grains_files
    from minion.grains import collect

    settings = {"id": config.id, "grains": config.grains, "grains_file": str(paths.grains_file)}
    master = {"master": config.master[0] if config.master else ""}
    grains = collect(settings) | master
    if not grains_files.files(paths.custom_grains):
        return grains
    from minion.executor.custom_grains import gather_now

    return collect(settings, custom=gather_now(paths.custom_grains, grains)) | master


def _check_policy(config: Any, registry: Any, fun: str) -> None:
    """The box's own rules hold for its own command line too. Raises CliError."""
    from minion.policy import policy_of
    from shoal.errors import UnknownFunctionError
    from shoal.exits import CliError

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


def _show(options: argparse.Namespace, ending: Any) -> int:
    from shoal.outputters import check_name, render
    from shoal.returns import MAX_VALUE_BYTES
    from shoal.wire import decode

    value = decode(ending.packed, MAX_VALUE_BYTES)
    out = check_name(options.out) if options.out else "nested"
    colour = options.force_color or (sys.stdout.isatty() and not options.no_color)
    text = render({_LOCAL: value}, out, indent=options.out_indent, colour=colour)
    if text:
        print(text)
    if options.retcode_passthrough:
        return int(ending.retcode) & 0xFF
    return exits.OK if ending.retcode == 0 and ending.outcome == "done" else exits.FAILED
