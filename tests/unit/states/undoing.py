"""Applies a state on a box in a box and takes it back, where its test run cannot know all that it will have changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.unit.modules.asking import MARK
from tests.unit.states.private import PrivateBox
from tests.unit.states.trial import context


def _answer(box: PrivateBox, fun: str, name: str, args: dict[str, Any]) -> Any:
    before = box.all()
    outcome = box.run(fun, name, **args)
    try:
        box.undo()
    except AssertionError as error:
        return {"error": str(error)}
    return {"result": outcome.result, "same": box.all() == before}


if __name__ == "__main__":
    if not MARK.exists():
        sys.exit("this is the machine's own /etc")
    BOX = PrivateBox(Path("/home"), context())
    json.dump([_answer(BOX, *each) for each in json.load(sys.stdin)], sys.stdout)
