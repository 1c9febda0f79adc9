"""`shoal-cp '<target>' SOURCE… DEST`: copy files from here to minions.

The files are read as the user who calls it, brought to the master in pieces, and fetched from there by the minions:
no file passes through memory whole, and no job carries one.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from master.cli.client import Conversation, Message
from master.cli.cp_sources import Source, read_sources
from master.cli.options import Parser, add_output_options, seconds
from master.cli.output import check_out
from master.cli.place import socket_path
from master.cli.shoal import run_job
from master.cli.target_options import add_target_options, target
from shoal.errors import WireError
from shoal.exits import CliError, UsageError
from shoal.files.digest import Digest
from shoal.files.parcel import MAX_PARCEL_FILES, pack_parcel
from shoal.files.piece import MAX_PIECE_BYTES
from shoal.program import run_program

_USAGE: Final = "shoal-cp [options] '<target>' SOURCE… DEST"
_EPILOG: Final = """\
SOURCE is a file or a folder here, DEST an absolute path on the minions. One file becomes DEST, or goes into it if
that is a folder; several files, and folders, need a folder, which is made if DEST ends with /.
A file that is there keeps its owner and mode. Other users than root need cp.recv in publisher_acl.
Exit codes: 0 all well, 1 a minion failed or did not return, 2 no minion matched, 64 wrong command line or a source
that cannot be read, 69 no master answers, 77 not allowed."""
_TRIES: Final = 10  # answers in a row after which the master has no more than before
_MIB: Final = 1024 * 1024
_CLEAR: Final = "\r\x1b[K"
_NOT_OURS: Final[dict[str, Any]] = {  # options of shoal that make no difference here
    "detach": False, "batch": "", "failhard": False, "static": False, "hide_timeout": False,
}  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-cp", _cp, argv)


def _cp(words: list[str]) -> int:
    options, rest = _parser().read(words)
    if len(rest) < 3:
        raise UsageError(f"a target, one source at least and a destination are needed: {_USAGE}")
    expr, *names, dest = rest
    check_out(options.out)
    sources = read_sources(names)
    if len(sources) > MAX_PARCEL_FILES:
        raise UsageError(
            f"{len(sources)} files and folders, more than {MAX_PARCEL_FILES}; serve them by file_roots and cp.get_dir"
        )
    digest, size = _Carrier(options, sources).bring()
    return run_job(options, _request(options, expr, [digest.hex(), size, dest]))


def _parser() -> Parser:
    parser = Parser("shoal-cp", _USAGE, "Copy files from here to minions.")
    parser.epilog = _EPILOG
    add_target_options(parser, taken=("-C",))
    add = parser.add_argument_group("job").add_argument
    add("-t", "--timeout", type=seconds, default=0.0, metavar="S",
        help="give up minions that show no sign of it for S seconds (default: the master's, 5)")  # fmt: skip
    add("--job-timeout", type=seconds, default=0.0, metavar="S", help="stop it on a minion after S seconds")
    add("-C", "--chunked", action="store_true", help="no difference: files always go in pieces")
    add("-n", "--no-compression", action="store_true", help="no difference: nothing is compressed")
    add_output_options(parser)
    add = parser.add_argument_group("what is shown").add_argument
    add("-v", "--verbose", action="store_true", help="show the job's id; name minions in the summary")
    add("--show-jid", action="store_true", help="show the job's id")
    add("--summary", action="store_true", help="count at the end who returned, failed and stayed silent")
    parser.set_defaults(**_NOT_OURS)
    return parser


def _request(options: argparse.Namespace, expr: str, args: list[Any]) -> Message:
    return {
        "op": "run",
        "target": target(options, expr),
        "fun": "cp.recv",
        "args": args,
        "mode": "now",  # the master does not keep the files for who is away
        "timeout_s": options.timeout,
        "job_timeout_s": options.job_timeout,
    }


class _Lost(CliError):
    """What is sent and what was announced do not fit any more."""


class _Carrier:
    """Brings files to the master, and says on a terminal how far it is."""

    def __init__(self, options: argparse.Namespace, sources: Sequence[Source]) -> None:
        self._path, self._hint = socket_path(options)
        self._sources = sources
        self._total = sum(source.info.size for source in sources)
        self._done = 0
        self._shows = sys.stderr.isatty()

    def bring(self) -> tuple[bytes, int]:
        """Return digest and size of the list of what has been brought. Raises CliError."""
        try:
            parcel = pack_parcel([source.info for source in self._sources])
            for source in self._sources:
                if not source.info.is_dir:
                    self._bring_file(source)
            digest = Digest(parcel).final()
            self._send(digest, len(parcel), lambda length, at: parcel[at : at + length])
            return digest, len(parcel)
        except WireError as error:
            raise UsageError(str(error)) from None
        finally:
            self._show("")

    def _bring_file(self, source: Source) -> None:
        try:
            fd = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            try:
                self._send(source.info.digest, source.info.size, partial(os.pread, fd))
            finally:
                os.close(fd)
        except OSError as error:
            raise UsageError(
                f"{source.path} cannot be read: {error.strerror or error}; no job was sent"
            ) from None
        except _Lost:
            raise CliError(f"{source.path} has changed while it was read; no job was sent") from None

    def _send(self, digest: bytes, size: int, read: Callable[[int, int], bytes]) -> None:
        """Send what `read(length, at)` gives, until the master has all of it."""
        at, whole, tries = 0, False, 0
        while not whole:
            data = read(min(MAX_PIECE_BYTES, size - at), at)
            before = at
            at, whole = self._put({"digest": digest, "size": size, "at": at, "data": data})
            tries = 0 if at > before else tries + 1
            if tries > _TRIES or (not data and at < size):
                raise _Lost("the master does not take it")
            self._show(f"brought to the master: {(self._done + at) // _MIB} of {self._total // _MIB} MiB")
        self._done += size

    def _put(self, piece: Message) -> tuple[int, bool]:
        request = {"op": "upload", "name": "", **piece}
        with Conversation(self._path, request, hint=self._hint) as talk:
            arrived = talk.answer()
        return int(arrived.get("at", 0)), bool(arrived.get("whole"))

    def _show(self, text: str) -> None:
        if self._shows:
            sys.stderr.write(f"{_CLEAR}{text}")
            sys.stderr.flush()
