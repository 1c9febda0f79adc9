"""`shoal-minion`: the daemon of a box, and `shoal-minion join STRING`, which makes the box a member of a fleet."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from shoal.command_line import CommandLine
from shoal.errors import ConfigError, ShoalError, WireError
from shoal.exits import UsageError
from shoal.paths import Paths
from shoal.program import run_program
from shoal.version import VERSION


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-minion", _minion, argv)


def _minion(words: list[str]) -> int:
    parser = _parser()
    parser.answer_shell(words)
    options = parser.parse_args(words)
    paths = Paths.for_minion(options.root or "", options.config_dir or "")
    os.umask(0o077)
    paths.prepare()
    if options.command == "join":
        return _join(paths, options)
    return _run(paths, options)


def _parser() -> CommandLine:
    parser = CommandLine(
        prog="shoal-minion",
        usage="shoal-minion [options]\n       shoal-minion join [--id ID] [--force] STRING",
        description="The minion daemon; it stays in the foreground.",
    )
    parser.add_argument("-V", "--version", action="version", version=f"shoal-minion {VERSION}")
    _places(parser)
    parser.set_defaults(root="", config_dir="")
    parser.add_argument("-l", "--log-level", help="how much is logged: debug, info, warning, error")
    parser.offer(log_level=_levels)
    parser.add_completion()
    commands = parser.add_subparsers(dest="command", metavar="join STRING", prog="shoal-minion")
    join = commands.add_parser(
        "join",
        usage="shoal-minion join [--id ID] [--force] STRING",
        help="join a fleet with the string that shoal-run token.create printed",
    )
    _places(join)
    join.add_argument("string", help="the join string; - reads it from standard input")
    join.add_argument("--id", help="the minion's id, if it is not in the configuration yet")
    join.add_argument("--force", action="store_true", help="leave another fleet for this one")
    return parser


def _places(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--root", metavar="DIR", default=argparse.SUPPRESS, help="put all files under DIR (SHOAL_ROOT)")
    add("-c", "--config-dir", metavar="DIR", default=argparse.SUPPRESS, help="where the configuration is")


def _levels(options: argparse.Namespace, begun: str) -> Iterable[str]:
    """Offer log levels to a shell."""
    from shoal.logs import LEVELS  # only when a shell asks

    return LEVELS


def _join(paths: Paths, options: argparse.Namespace) -> int:
    from minion.config import read_minion_config
    from minion.membership import Membership
    from pki.fingerprint import fingerprint

    if options.id:
        _write_id(paths, options.id)
    config = read_minion_config(paths)
    text = sys.stdin.read(16 * 1024) if options.string == "-" else options.string
    membership = Membership(paths)
    joined = membership.join(text, force=options.force)
    keys = membership.keys()
    print(f"id:           {config.id}")
    print(f"master:       {', '.join(joined.addresses)} port {joined.request_port}")
    print(f"fingerprint:  {fingerprint(keys.sign.public, keys.curve.public)}")
    if joined.token:
        print("The token lets this box in when shoal-minion starts.")
    else:
        print(
            f"Start shoal-minion, compare the fingerprint, then run on the master: shoal-key -a {config.id}"
        )
    return 0


def _write_id(paths: Paths, minion_id: str) -> None:
    from shoal.ids import check_minion_id

    try:
        check_minion_id(minion_id)
    except WireError as error:
        raise UsageError(f"--id: {error}") from None
    folder = paths.config_dir / "minion.d"
    folder.mkdir(exist_ok=True)
    (folder / "id.conf").write_text(f"id: {minion_id}\n")


def _run(paths: Paths, options: argparse.Namespace) -> int:
    from minion.config import read_minion_config
    from minion.executor.settings import ExecutorSettings
    from minion.executor.spawn import fork_executor
    from minion.inheritance import settle
    from minion.policy import disabled_patterns
    from shoal.logs import LEVELS, set_up_logging
    from shoal.readiness import Readiness
    from shoal.sole_instance import be_alone

    config = read_minion_config(paths)
    level = options.log_level or config.log_level
    if level not in LEVELS:
        raise ConfigError(f"unknown log level {level!r}; use one of {', '.join(LEVELS)}")
    set_up_logging(level, style=config.log_format, file=config.log_file)
    settle(os.environ)
    be_alone(paths.run_dir / "minion.lock", "shoal-minion")
    settings = ExecutorSettings(
        minion_id=config.id,
        synced=str(paths.synced / "modules"),
        desk=str(paths.desk_socket),
        file_cache=str(paths.cache_dir / "files"),
        disabled=disabled_patterns(config),
        process_count_max=config.process_count_max,
        queue_max=config.job_queue_max,
        timeout_s=config.job_timeout_s,
        grace_s=config.job_grace_s,
        memory_max_bytes=config.job_memory_max_mib * 1024 * 1024,
        cpu_max_s=config.job_cpu_max_s,
        open_files_max=config.job_open_files_max,
        nice=config.job_nice,
        output_max_bytes=config.max_output_bytes,
        log_level=level,
        log_format=config.log_format,
        log_file=str(config.log_file or ""),
    )
    readiness = Readiness.take(os.environ)
    spawner = fork_executor(settings, paths.executor_socket)
    # Only now: zmq and nacl must not be in the process that runs the jobs.
    from minion.daemon import main as run_daemon

    try:
        return run_daemon(paths, config, spawner, readiness)
    except ShoalError:
        spawner.give_up()
        raise
