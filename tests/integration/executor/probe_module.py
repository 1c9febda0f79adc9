"""The functions that the executor's tests ask for, as the text of a synced module.

Synced, not built in: so it is read in the job's child and changes nothing in the executor.
"""

from __future__ import annotations

SOURCE = '''
import ctypes
import datetime
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from modules.context import Context
from shoal.functions.function import function
from modules.result import Result
from shoal.errors import CommandError


class Odd:
    def __str__(self):
        return "an odd one"


class Rude:
    def __str__(self):
        raise ValueError("no text")


VALUES = {
    "text": "hello",
    "umlaut": "gr\\u00fc\\u00df",
    "surrogate": "a\\udcffb",
    "none": None,
    "true": True,
    "int": 42,
    "huge": 2**70,
    "float": 1.5,
    "nan": float("nan"),
    "bytes": b"abc",
    "bad bytes": b"\\xff\\xfe",
    "tuple": (1, 2),
    "set": {7},
    "nested": {"a": [1, {"b": (2, 3)}], 5: "five"},
    "object": Odd(),
    "date": datetime.date(2026, 1, 2),
}


@function
def value(ctx: Context, name: str) -> Any:
    """Return one of VALUES."""
    return VALUES[name]


@function
def coded(ctx: Context, retcode: int) -> Result:
    """Return with a return code."""
    return Result({"said": "no"}, retcode=retcode, out="highstate", trimmed=3)


@function(out="yaml")
def arguments(ctx: Context, word: str, number: int = 0, *rest: Any, **more: Any) -> Any:
    """Return what came in."""
    return [word, number, list(rest), more]


@function
def surroundings(ctx: Context) -> dict:
    """Return what the context says."""
    return {
        "minion_id": ctx.minion_id, "grains": dict(ctx.grains), "pillar": dict(ctx.pillar),
        "tags": dict(ctx.tags), "settings": dict(ctx.settings), "jid": ctx.jid, "user": ctx.job_user,
    }


@function
def fail(ctx: Context, how: str) -> Any:
    """Fail in one of many ways."""
    if how == "shoal":
        raise CommandError("disk is on fire: call someone")
    if how == "type":
        return len(5)
    if how == "value":
        raise ValueError("bad thing")
    if how == "empty":
        raise KeyError
    if how == "rude":
        raise RuntimeError(Rude())
    if how == "unprintable result":
        return Rude()
    if how == "exit":
        sys.exit(3)
    if how == "exit text":
        sys.exit("good bye")
    if how == "_exit":
        os._exit(0)
    if how == "interrupt":
        raise KeyboardInterrupt
    if how == "segv":
        ctypes.string_at(0)
    if how == "abort":
        os.abort()
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "close":
        os.closerange(3, 256)
        return "lost"
    if how == "close and reuse":
        os.closerange(3, 256)
        for _ in range(20):
            os.open("/dev/null", os.O_RDWR)
        return "lost"
    if how == "forked twice":
        os.fork()
        return "both of me"
    if how == "deep":
        deep: list = []
        for _ in range(500):
            deep = [deep]
        return deep
    if how == "circle":
        circle: list = []
        circle.append(circle)
        return circle
    raise AssertionError(how)


@function
def sleep(ctx: Context, seconds: float, mark: str = "") -> str:
    """Sleep; write MARK when interrupted."""
    try:
        time.sleep(seconds)
    finally:
        if mark:
            Path(mark).write_text("cleaned up")
    return "slept"


@function
def stubborn(ctx: Context, seconds: float) -> str:
    """Sleep whatever comes."""
    end = time.monotonic() + seconds
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while time.monotonic() < end:
        try:
            time.sleep(0.05)
        except BaseException:
            pass
    return "stood it"


@function
def family(ctx: Context, mark: str, ignore_term: bool = False, wait: float = 30.0) -> str:
    """Start a child, a grandchild that has left the session, and wait; write their pids to MARK."""
    trap = "trap '' TERM; " if ignore_term else ""
    plain = subprocess.Popen(["sh", "-c", trap + "sleep 61 & wait; sleep 62"])
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        if ignore_term:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        else:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        Path(mark + ".stray").write_text(str(os.getpid()))
        time.sleep(63)
        os._exit(0)
    os.waitpid(pid, 0)
    while not Path(mark + ".stray").exists() or not Path(mark + ".stray").read_text():
        time.sleep(0.01)
    Path(mark).write_text(f"{plain.pid} {Path(mark + '.stray').read_text()}")
    time.sleep(wait)
    return "unharmed"


@function
def daemonise(ctx: Context, mark: str) -> str:
    """Leave a process behind that holds every descriptor, the result pipe too."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        Path(mark).write_text(str(os.getpid()))
        time.sleep(20)
        os._exit(0)
    os.waitpid(pid, 0)
    return "left one behind"


@function
def daemonise_and_die(ctx: Context, mark: str) -> str:
    """The same, without a result."""
    daemonise(ctx, mark)
    os._exit(9)


@function
def thread(ctx: Context) -> str:
    """Return while a thread that is no daemon still runs."""
    threading.Thread(target=time.sleep, args=(20,)).start()
    return "returned"


@function
def eat(ctx: Context, mib: int) -> int:
    """Use memory."""
    return len(b"x" * (mib * 1024 * 1024))


@function
def burn(ctx: Context) -> None:
    """Use CPU for ever."""
    while True:
        pass


@function
def limits(ctx: Context) -> dict:
    """Return the limits this job runs under."""
    import resource
    names = ("CORE", "DATA", "CPU", "NOFILE")
    return {n: list(resource.getrlimit(getattr(resource, "RLIMIT_" + n))) for n in names} | {
        "nice": os.nice(0), "pid": os.getpid(), "sid": os.getsid(0), "stdin": os.readlink("/proc/self/fd/0"),
    }


@function
def descriptors(ctx: Context) -> list:
    """Return what is open beside the standard three."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if int(name) > 2:
                found.append(os.readlink("/proc/self/fd/" + name))
        except OSError:  # that of the listing
            pass
    return found


@function
def big(ctx: Context, size: int, shape: str = "text") -> Any:
    """Return much."""
    if shape == "text":
        return "head" + "x" * size + "tail"
    if shape == "dict":
        return {"retcode": 0, "stdout": "o" * size, "stderr": "short", "pid": 1}
    return list(range(size))


@function
def ask(ctx: Context, action: str) -> bool:
    """Ask the daemon."""
    ctx.daemon.request(action, why="because", count=(1, 2))
    return True


@function
def babble(ctx: Context) -> None:
    """Write nonsense into the result pipe, and stay."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink("/proc/self/fd/" + name).startswith("pipe:") and int(name) > 2:
                os.write(int(name), b"\\xff" * 100)
        except OSError:
            pass
    time.sleep(60)


@function
def stuck_output(ctx: Context) -> str:
    """Return, but never get rid of what was printed."""
    class Stuck:
        def flush(self):
            time.sleep(60)
    sys.stdout = Stuck()
    return "fine"


@function
def others(ctx: Context) -> list:
    """Return the other jobs."""
    return ctx.jobs.running()


@function
def hit(ctx: Context, jid: str, number: int) -> bool:
    """Signal another job."""
    return ctx.jobs.signal(jid, number)
'''
