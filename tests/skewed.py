"""Start one of our programs with a system clock that is wrong: `python -m tests.skewed SECONDS shoal-minion …`.

SECONDS is added to what the system's clock says, or `=1970` puts it at the epoch, as on a board without a battery
clock. In this process and what it forks only; monotonic time is untouched, as when a clock is set.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final

EPOCH: Final = "=1970"


def skew(how: str, real: Callable[[], float]) -> Callable[[], float]:
    """Return a clock that is wrong in the way `how` says."""
    started = real()
    offset = -started if how == EPOCH else float(how)
    return lambda: real() + offset


def main() -> int:
    """Set the clock, then run the program."""
    how, program, *words = sys.argv[1:]
    time.time = skew(how, time.time)
    if program == "shoal-master":
        from master.cli.master import (
            main as run,  # only now: whoever looks at the time must see the wrong one
        )
    else:
        from minion.cli.minion import main as run
    sys.argv = [program, *words]
    return run(words)


if __name__ == "__main__":
    sys.exit(main())
