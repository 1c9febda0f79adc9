"""`python -m tests.benchmarks [names…] [--json FILE] [--quick]`: measures, prints tables, writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Final

from tests.benchmarks import (
    case_cli,
    case_crowd,
    case_files,
    case_floor,
    case_idle,
    case_latency,
    case_pillar,
    case_real,
    case_retention,
    case_returns,
    case_start,
    case_swarm,
    case_targets,
    case_used,
)
from tests.benchmarks.bench import Bench, Case, say, show_path
from tests.benchmarks.gauge import machine

CASES: Final[dict[str, Case]] = {
    "cli": case_cli.run,
    "latency": case_latency.run,
    "start": case_start.run,
    "idle": case_idle.run,
    "used": case_used.run,
    "real": case_real.run,
    "targets": case_targets.run,
    "floor": case_floor.run,
    "swarm": case_swarm.run,
    "join": case_swarm.run_join,
    "restart": case_swarm.run_restart,
    "killed": case_swarm.run_killed,
    "returns": case_returns.run,
    "copied": case_returns.run_copied,
    "postgres": case_returns.run_postgres,
    "crowd": case_crowd.run,
    "files": case_files.run,
    "pillar": case_pillar.run,
    "retention": case_retention.run,
    "retention-postgres": case_retention.run_postgres,
}


def main() -> int:
    """Run what was asked for; return the exit code."""
    options = _parser().parse_args()
    unknown = sorted(set(options.names) - set(CASES))
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(CASES)}")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or every program that is started compiles itself anew
    bench = Bench(quick=options.quick)
    before = machine()
    failed = []
    for name in options.names or CASES:
        say(f"== {name}")
        started = time.monotonic()
        try:
            CASES[name](bench)
        except Exception as error:  # one that fails must not cost the figures of the others
            failed.append(name)
            say(f"{name} failed: {error!r}")
        bench.show()
        say(f"== {name}: {time.monotonic() - started:.0f} s")
    report = {
        "command": shlex.join(["python", "-m", "tests.benchmarks", *sys.argv[1:]]),
        "machine": before,
        "failed": failed,
        "figures": [figure.to_json() for figure in bench.figures],
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1))
    print(f"\nwritten to {show_path(options.json)}; machine: {json.dumps(before)}")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"which of: {', '.join(CASES)} (all)")
    parser.add_argument("--json", type=Path, default=Path("bench-out/bench.json"), help="where to write")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, no swarm of 10,000")
    return parser


if __name__ == "__main__":
    sys.exit(main())
