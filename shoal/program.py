"""How every program of Shoal runs: one place for errors, Ctrl-C and readers that leave.

- an error made on purpose is one line on stderr, `name: text`, and its exit code
- anything else is `name: internal error: …` and exit 70; `--log-level=debug` shows the traceback
- a closed pipe and Ctrl-C are quiet
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final

from shoal import exits
from shoal.errors import ShoalError

_TALKATIVE: Final = ("all", "garbage", "trace", "debug")

Body = Callable[[list[str]], int]


def run_program(name: str, body: Body, argv: Sequence[str] | None = None) -> int:
    """Return the exit code of `body(words)`, having said on stderr what went wrong."""
    words = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a box's text never breaks a latin-1 terminal
    try:
        return _guarded(name, body, words)
    except BrokenPipeError:
        _point_at_nothing()
        return exits.BROKEN_PIPE


def _guarded(name: str, body: Body, words: list[str]) -> int:
    try:
        code = body(words)
    except ShoalError as error:
        complain(name, str(error))
        code = exits.exit_code(error)
    except SystemExit as stop:  # argparse after --help or --version
        code = stop.code if isinstance(stop.code, int) else exits.OK
    except KeyboardInterrupt:
        code = exits.INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # the last catch of a program: say it, do not dump it
        code = _internal(name, error, words)
    sys.stdout.flush()
    return code


def complain(name: str, text: str) -> None:
    """Write `name: text` on stderr, after whatever is already on its way to stdout."""
    from shoal.outputters.terminal import clean_line  # only when something is wrong

    sys.stdout.flush()
    print(f"{name}: {clean_line(text)}", file=sys.stderr, flush=True)


def _internal(name: str, error: Exception, words: list[str]) -> int:
    if _wants_traceback(words):
        import traceback  # only for a bug; costs start-up time

        traceback.print_exc()
    first = str(error).partition("\n")[0]
    complain(name, f"internal error: {type(error).__name__}: {first} (--log-level=debug shows the traceback)")
    return exits.INTERNAL


def _wants_traceback(words: list[str]) -> bool:
    """Return whether `words` ask for debug logs; looks at them raw, since parsing may be what failed."""
    for index, word in enumerate(words):
        if word in ("-l", "--log-level"):
            level = words[index + 1] if index + 1 < len(words) else ""
        elif word.startswith("--log-level="):
            level = word.partition("=")[2]
        elif word.startswith("-l"):
            level = word[2:]
        else:
            continue
        if level in _TALKATIVE:
            return True
    return False


def _point_at_nothing() -> None:
    """Let the interpreter's last flush of stdout succeed."""
    try:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
    except (OSError, ValueError):
        pass  # stdout is no file (a test's buffer): there is nothing to flush into a pipe
