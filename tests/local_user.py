"""Another local user, as the kernel sees one: a child with real uid 65534 and no groups does the work.

with as_nobody():          # the effective uid only, for a socket or a file that is made here
    ...
assert tries(lambda: path.read_bytes()) == "PermissionError"
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

NOBODY: Final = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be `nobody` to the kernel for what is made, opened or connected to."""
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def tries(act: Callable[[], Any]) -> str:
    """Let a child that is `nobody` for good do something; return "" if it could, else the exception's name."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = b"no word"
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            act()
            said = b""
        except BaseException as error:
            said = type(error).__name__.encode()
        finally:
            os.write(write, said)
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        answer = pipe.read().decode()
    os.waitpid(pid, 0)
    return answer
