"""Prints what jobs and processes cost: `python -m tests.integration.executor.measure`.

Acts as the daemon does: forks the executor young, imports what a daemon needs, then sends jobs. CPU time counts
this process, the executor and its children; the function itself does nothing.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from minion.executor.settings import ExecutorSettings
from minion.executor.spawn import Spawner, fork_executor

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_SYNCED = """
from shoal.functions.function import function
@function
def nothing(ctx) -> bool:
    return True
"""


def main() -> None:
    """Measure and print a table."""
    inline, forked = (int(word) for word in (sys.argv[1:] or ("3000", "300")))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "probe.py").write_text(_SYNCED)
        spawner = fork_executor(
            ExecutorSettings(minion_id="box1", synced=f"{name}/synced"), folder / "x.sock"
        )
        _measure(spawner, inline, forked)


def _measure(spawner: Spawner, inline: int, forked: int) -> None:
    import nacl.signing  # noqa: F401
    import zmq  # noqa: F401

    from tests.integration.executor.rig import Rig

    rig = Rig(spawner.settings, spawner.socket_path)
    rig.connect(spawner)
    rig.run("test.ping")
    rig.run("probe.nothing")
    pid = rig.pid
    print(f"{'what':34} {'n':>5} {'wall µs':>9} {'CPU µs':>9} {'daemon CPU µs':>14}")
    for what, fun, count, window in (
        ("inline test.ping, one by one", "test.ping", inline, 1),
        ("inline test.ping, 50 at a time", "test.ping", inline, 50),
        ("forked (synced), one by one", "probe.nothing", forked, 1),
        ("forked (synced), 8 at a time", "probe.nothing", forked, 8),
        ("forked test.fib, one by one", "test.fib", forked, 1),
        ("forked test.fib, 8 at a time", "test.fib", forked, 8),
    ):
        own, other, wall = time.process_time(), _cpu_s(pid), time.perf_counter()
        for start in range(0, count, window):
            for job in [
                rig.send(fun, *([1] if fun == "test.fib" else [])) for _ in range(min(window, count - start))
            ]:
                rig.wait(job)
        wall, own = time.perf_counter() - wall, time.process_time() - own
        both = own + _cpu_s(pid) - other
        print(
            f"{what:34} {count:>5} {wall / count * 1e6:9.0f} {both / count * 1e6:9.0f} {own / count * 1e6:14.0f}"
        )
        rig.returns.clear()
    _memory("executor, forked young", pid)
    _memory("this process, with the test rig", os.getpid())
    os.kill(pid, 9)
    rig.until(lambda: rig.client._keeper.ready is None)
    rig.until(lambda: rig.client._keeper.ready)
    rig.run("test.ping")
    rig.run("probe.nothing")
    _memory("executor, started by exec", rig.pid)
    rig.down()


def _cpu_s(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in parts[11:15]) * _TICK_S


def _memory(what: str, pid: int) -> None:
    kib = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size, *_ = line.split()
        kib[name[:-1]] = int(size)
    private = kib["Private_Clean"] + kib["Private_Dirty"]
    print(
        f"{what:34} PSS {kib['Pss'] / 1024:.1f} MiB, private {private / 1024:.1f} MiB, RSS {kib['Rss'] / 1024:.1f}"
    )


if __name__ == "__main__":
    main()
