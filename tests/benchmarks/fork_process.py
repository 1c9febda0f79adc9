"""What a bare fork of a process as large as the executor takes: `python -m tests.benchmarks.fork_process`."""

from __future__ import annotations

import gc
import json
import os
import sys

import minion.executor.main  # noqa: F401 - for its size
from tests.benchmarks.gauge import cpu_s, reaped_s


def main() -> None:
    """Fork as often as the first line of stdin says; print the CPU of parent and child for each, in ms."""
    count = json.loads(sys.stdin.readline())["count"]
    gc.freeze()
    own = [os.getpid()]
    before = cpu_s(own) + reaped_s(own)
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    print(json.dumps({"ms": (cpu_s(own) + reaped_s(own) - before) / count * 1000}), flush=True)


if __name__ == "__main__":
    main()
