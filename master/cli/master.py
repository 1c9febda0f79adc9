"""The entry of `shoal-master`: reads the command line and the configuration, then starts the daemon."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from master.cli.options import Parser
from shoal.errors import ConfigError
from shoal.exits import UsageError
from shoal.paths import Paths
from shoal.program import run_program

_USAGE: Final = "shoal-master [options]"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-master", _master, argv)


def _master(words: list[str]) -> int:
    parser = Parser("shoal-master", _USAGE, "The master daemon; it stays in the foreground.")
    parser.add_argument("-d", "--daemon", action="store_true", help="refused: let systemd start it")
    options, rest = parser.read(words)
    if rest:
        raise UsageError(f"unexpected word {rest[0]!r}; see shoal-master --help")
    if options.daemon:
        raise UsageError("-d is not there: run it in the foreground, or with systemctl start shoal-master")
    return _start(options)


def _start(options: argparse.Namespace) -> int:
    from dataclasses import replace  # only now: --version and --help need neither yaml, zmq nor the database

    from master.config import read_master_config

    paths = Paths.for_master(options.root, options.config_dir)
    config = read_master_config(paths)
    try:
        from master.daemon import main as run_daemon
    except ModuleNotFoundError as error:
        what = f"{error.name} is missing: this is a box's installation"
        raise ConfigError(f"{what}. Run: pip install '.[master]' in Shoal's tree") from None
    if options.log_level:
        config = replace(config, log_level=options.log_level)
    return run_daemon(paths, config)
