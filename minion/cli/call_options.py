"""The options of `shoal-call`, Salt's; those that would mean nothing here say what to do instead."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from shoal.command_line import CommandLine, files
from shoal.exits import UsageError
from shoal.state_options import add_state_options
from shoal.version import VERSION

_INSTEAD: Final = {
    "--master": "the masters are those of the fleet that this box has joined (shoal-minion join) and `master:` "
    "of its configuration",
    "--return": "results of shoal-call stay on the box; a job sent by shoal can have returners",
    "--states-dir": "state modules are synced from _states of the master (saltutil.sync_states)",
}
_ALONE: Final = ("id", "file_root", "pillar_root")  # what a daemon has settled already


class _Instead(argparse.Action):
    """Refuses an option of Salt's in one line."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: Any = None
    ) -> NoReturn:
        raise UsageError(f"{option} is not there: {_INSTEAD[self.option_strings[0]]}")


def call_parser() -> CommandLine:
    """Return the option parser of `shoal-call`."""
    parser = CommandLine(
        prog="shoal-call",
        usage="shoal-call [options] MODULE.FUNCTION [arguments]",
        description="Run a function on this box.",
        epilog="Without --local this box's daemon has to run: it knows grains and tags, and its master has the files.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("-V", "--version", action="version", version=f"shoal-call {VERSION}")
    add("--root", metavar="DIR", default="", help="put all files under DIR (SHOAL_ROOT)")
    add("-c", "--config-dir", metavar="DIR", default="", help="where the configuration is")
    add(
        "-l",
        "--log-level",
        metavar="LEVEL",
        default="",
        help="how much is logged: debug, info, warning, error",
    )
    parser.add_completion()
    add("-g", "--grains", action="store_true", help="show the grains")
    add("-d", "--doc", action="store_true", help="show the documentation of a module or function")
    add("--retcode-passthrough", action="store_true", help="exit with the function's return code")
    add("--no-parse", metavar="A,B", default="", help="arguments that stay text")
    add(
        "--no-return-event",
        action="store_true",
        help="tell the master nothing of what ran",
    )
    _add_surroundings(parser)
    _add_output(parser)
    add_state_options(parser)
    for name in _INSTEAD:
        add(name, action=_Instead, nargs="?", help=argparse.SUPPRESS)
    parser.offer(_functions, files, log_level=_levels, out=_outputters)
    return parser


def check_alone(options: argparse.Namespace, *, alone: bool) -> None:
    """Refuse what only a call without the daemon may settle, when it is none. Raises UsageError."""
    for name in _ALONE:
        if getattr(options, name) and not alone:
            raise UsageError(
                f"--{name.replace('_', '-')} goes with --local: without it, the daemon and its master say what that is"
            )


def _add_surroundings(parser: CommandLine) -> None:
    """Add what the function finds around it."""
    add = parser.add_argument_group("surroundings").add_argument
    add(
        "--local",
        action="store_true",
        help="ask neither the daemon nor a master (as file_client: local does)",
    )
    add("--id", metavar="ID", default="", help="with --local: use this id instead of the configured one")
    add("--file-root", metavar="DIR", default="", help="with --local: serve the environment base from DIR")
    add(
        "--pillar-root",
        metavar="DIR",
        default="",
        help="with --local: the pillar of the environment base is in DIR",
    )
    add(
        "-m",
        "--module-dirs",
        metavar="DIR",
        action="append",
        default=[],
        help="load modules from DIR too, or from _modules in it; only you or root may write there",
    )
    add("--cachedir", metavar="DIR", default="", help="keep under DIR what functions keep in the cache")
    add("--skip-grains", action="store_true", help="no grains but the id")
    add("--refresh-grains-cache", action="store_true", help="collect grains now, whatever the daemon knows")


def _add_output(parser: CommandLine) -> None:
    """Add how the result looks."""
    add = parser.add_argument_group("output").add_argument
    add(
        "--out",
        "--output",
        metavar="NAME",
        default="",
        help="nested (default), json, yaml, txt, raw, quiet, …",
    )
    add("--out-indent", "--output-indent", metavar="N", type=int, default=4,
        help="indentation of json and yaml; -1 for one line")  # fmt: skip
    add("--metadata", action="store_true", help="show return code, outcome and duration beside the result")
    add("--no-color", "--no-colour", dest="no_color", action="store_true", help="plain text")
    add("--force-color", "--force-colour", dest="force_color", action="store_true",
        help="colours even when the output is no terminal")  # fmt: skip


def _functions(options: argparse.Namespace, begun: str) -> Iterable[str]:
    from shoal.completion.dotted import offered  # only when a shell asks
    from shoal.completion.function_names import FUNCTIONS

    return offered(FUNCTIONS, begun)


def _levels(options: argparse.Namespace, begun: str) -> Iterable[str]:
    from shoal.logs import LEVELS  # only when a shell asks

    return LEVELS


def _outputters(options: argparse.Namespace, begun: str) -> Iterable[str]:
    from shoal.outputters import names  # only when a shell asks

    return names()
