"""States on a box in a box: see `tests/unit/modules/private_box.py`, whose /etc, /home and programs these use.

`python -m tests.unit.states.private` is its child: a list of `[how, function, name, arguments]` on stdin as JSON, what
came of each on stdout. `how` is `run`, `test`, or `cycle`, which is what `Box.cycle` is, on the accounts and the homes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.unit.modules.asking import MARK
from tests.unit.states.trial import Box, context, snapshot

_FILES = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")


class PrivateBox(Box):
    """A box whose accounts are what a state must bring back. The order of lines and of members counts for nothing."""

    def all(self) -> Any:
        accounts = {
            name: sorted(map(_sorted, Path("/etc", name).read_text().splitlines())) for name in _FILES
        }
        return accounts, snapshot(Path("/home"))


def _sorted(line: str) -> str:
    *first, last = line.split(":")
    return ":".join([*first, ",".join(sorted(last.split(",")))])


def _answer(box: PrivateBox, how: str, fun: str, name: str, args: dict[str, Any]) -> Any:
    before = box.all()
    try:
        ask = box.cycle if how == "cycle" else box.run
        outcome = ask(fun, name, **args, **({"test": True} if how == "test" else {}))
        if how != "run":
            assert box.all() == before, f"{box.all()} is not {before}"
    except AssertionError as error:
        return {"error": str(error)}
    return {"result": outcome.result, "comment": outcome.comment, "changes": outcome.changes}


if __name__ == "__main__":
    if not MARK.exists():
        sys.exit("this is the machine's own /etc")
    BOX = PrivateBox(Path("/home"), context())
    json.dump([_answer(BOX, *each) for each in json.load(sys.stdin)], sys.stdout)
