"""Cases of `cmd` and `module`: what they do cannot be taken back, and they say so."""

from __future__ import annotations

from tests.contracts.states.contract import ROOT, Case

CASES = [
    Case(name="a command", fun="cmd.run", args={"name": f"touch {ROOT}/x"}, settles=False),
    Case(name="nothing to react to", fun="cmd.wait", args={"name": f"touch {ROOT}/x"}, changes=False),
    Case(
        name="a script",
        fun="cmd.script",
        args={"name": "it", "source": "shoal://s.sh", "args": f"{ROOT}/x"},
        facts={"files": {"s.sh": '#!/bin/sh\ntouch "$1"\n'}},
        settles=False,
    ),
    Case(
        name="a function",
        fun="module.run",
        args={"name": "it", "file.touch": [f"{ROOT}/x"]},
        settles=False,
    ),
]
