"""Harmless functions to see that a minion is there, that arguments arrive and that failures are shown.

Nothing here calls another function by name (Salt's `test.cross_test`): that would be a way around what a user
may run.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from modules.context import Context
from modules.result import Result
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function
from shoal.version import VERSION

_MAX_TEXT = 1024 * 1024
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


@function(inline=True, replay="safe")
def ping(ctx: Context) -> bool:
    """Say that the minion is there and answers.

    Nothing is asked of the network's ICMP; a job went there and came back.

    CLI Example:

        shoal '*' test.ping
    """
    return True


@function(inline=True, replay="safe")
def true_(ctx: Context) -> bool:
    """Return true.

    CLI Example:

        shoal '*' test.true
    """
    return True


@function(inline=True, replay="safe")
def false_(ctx: Context) -> bool:
    """Return false.

    CLI Example:

        shoal '*' test.false
    """
    return False


@function(inline=True, replay="safe")
def echo(ctx: Context, text: str) -> str:
    """Return the text, exactly as it was given.

    CLI Example:

        shoal '*' test.echo 'foo bar baz'
        shoal '*' test.echo 16:10
    """
    return text


@function(inline=True, replay="safe")
def version(ctx: Context) -> str:
    """Return the version of Shoal on the minion.

    CLI Example:

        shoal '*' test.version
    """
    return VERSION


@function(replay="safe", aliases=("test.versions_information",))
def versions(ctx: Context) -> dict[str, dict[str, str]]:
    """Return the versions of Shoal, of the libraries it uses and of the system.

    CLI Example:

        shoal '*' test.versions
    """
    from importlib import metadata  # 1 MB that a ping does not need

    libraries = {}
    for name in ("Jinja2", "PyNaCl", "PyYAML", "msgpack", "psutil", "pyzmq"):
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = "not installed"
    kernel = os.uname()
    system = {"machine": kernel.machine, "release": kernel.release, "system": kernel.sysname}
    return {
        "Shoal Version": {"Shoal": VERSION},
        "Dependency Versions": {"Python": sys.version.split()[0], **libraries},
        "System Versions": system,
    }


@function(replay="safe")
def versions_report(ctx: Context) -> str:
    """Return the versions of everything as text, to be pasted into a report.

    CLI Example:

        shoal '*' test.versions_report
    """
    lines: list[str] = []
    for title, entries in versions(ctx).items():
        lines += [f"{title}:", *(f"{name:>12}: {value}" for name, value in entries.items()), ""]
    return "\n".join(lines).rstrip()


@function(inline=True, replay="safe")
def arg(ctx: Context, /, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments as they arrived.

    CLI Example:

        shoal '*' test.arg 1 "two" 3.1 txt="hello" wow='{"a": 1, "b": "hello"}'
    """
    return {"args": list(args), "kwargs": kwargs}


@function(inline=True, replay="safe")
def kwarg(ctx: Context, /, **kwargs: Any) -> dict[str, Any]:
    """Return the keyword arguments as they arrived.

    CLI Example:

        shoal '*' test.kwarg num=1 txt="two" env='{"a": 1, "b": "hello"}'
    """
    return kwargs


@function(inline=True, replay="safe")
def arg_repr(ctx: Context, /, *args: Any, **kwargs: Any) -> dict[str, str]:
    """Return how Python writes the arguments that arrived.

    CLI Example:

        shoal '*' test.arg_repr 1 "two" 3.1 txt="hello"
    """
    return {"args": repr(args), "kwargs": repr(kwargs)}


@function(inline=True, replay="safe")
def arg_type(ctx: Context, /, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the types of the arguments that arrived.

    CLI Example:

        shoal '*' test.arg_type 1 int_val=2 flag=true
    """
    return {
        "args": [str(type(value)) for value in args],
        "kwargs": {name: str(type(value)) for name, value in kwargs.items()},
    }


@function(inline=True, replay="safe")
def outputter(ctx: Context, data: Any) -> Any:
    """Return the data, to see how an outputter shows it.

    CLI Example:

        shoal '*' test.outputter foobar
        shoal '*' test.outputter '{"a": [1, 2]}'
    """
    return data


@function(inline=True, replay="safe")
def retcode(ctx: Context, code: int = 42) -> Result:
    """Return true, and let the job end with a return code.

    CLI Example:

        shoal '*' test.retcode 42
    """
    return Result(True, retcode=code)


@function(replay="safe", aliases=("test.raise_exception",))
def exception(ctx: Context, message: str = "Test Exception") -> None:
    """Fail with an unforeseen exception.

    CLI Example:

        shoal '*' test.exception 'Oh noes!'
    """
    raise RuntimeError(message)


@function(inline=True, replay="safe")
def assertion(ctx: Context, assertion: bool = False) -> bool:
    """Return true if the assertion is true, fail otherwise.

    CLI Example:

        shoal '*' test.assertion true
    """
    if not assertion:
        raise ModuleError("the assertion is false")
    return True


@function(replay="safe")
def sleep(ctx: Context, length: float) -> bool:
    """Wait for a number of seconds, then return true.

    CLI Example:

        shoal '*' test.sleep 0.1
    """
    if length < 0:
        raise ArgumentError(f"test.sleep: 'length' is in seconds and cannot be {length:g}")
    time.sleep(length)
    return True


@function(replay="safe")
def rand_sleep(ctx: Context, max_: float = 60.0) -> bool:
    """Wait for a random time, at most `max` seconds.

    CLI Example:

        shoal '*' test.rand_sleep 0.1
    """
    import secrets  # loads OpenSSL: 4 MB that a ping does not need

    return sleep(ctx, secrets.randbelow(1001) / 1000 * max_)


@function(replay="safe")
def rand_str(ctx: Context, size: int = 32) -> str:
    """Return `size` random letters and digits, at most a million.

    CLI Example:

        shoal '*' test.rand_str 32
    """
    if not 0 <= size <= _MAX_TEXT:
        raise ArgumentError(f"test.rand_str: 'size' must be 0 to {_MAX_TEXT}, not {size}")
    import secrets  # as above

    return "".join(secrets.choice(_LETTERS) for _ in range(size))


@function(replay="safe")
def fib(ctx: Context, num: int) -> tuple[int, float]:
    """Return the num-th Fibonacci number and the seconds it took.

    CLI Example:

        shoal '*' test.fib 3
    """
    start = time.perf_counter()
    here, after = 0, 1
    for _ in range(num):
        here, after = after, here + after
    return here, time.perf_counter() - start


@function(replay="safe")
def collatz(ctx: Context, start: int) -> tuple[list[int], float]:
    """Return the way of the Collatz sequence from `start` to 1, and the seconds it took.

    CLI Example:

        shoal '*' test.collatz 3
    """
    if start < 1:
        raise ArgumentError(f"test.collatz: 'start' must be 1 or more, not {start}")
    begun = time.perf_counter()
    steps = [start]
    while start != 1:
        start = start // 2 if start % 2 == 0 else start * 3 + 1
        steps.append(start)
    return steps, time.perf_counter() - begun
