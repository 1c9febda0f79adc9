"""The file states answer as Salt does: result, comment and changes; each in a test run, a real one, and both again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from modules.registry import Registry
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.planner import Planner
from states.library import Library
from states.plan import Step
from tests.contracts.states.contract import context, take_back, tree

RECORDED = json.loads(Path(__file__).with_name("salt_answers.json").read_text())
REGISTRY, LIBRARY = Registry(), Library()


class Steps:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.made_: list[Step] = []

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        """Look at nothing."""

    def made(self, chunk: Chunk, step: Step) -> None:
        """Remember it."""
        self.made_.append(step)


def prepare(root: Path, there: list[list[Any]]) -> None:
    root.mkdir()
    for kind, first, *more in there:
        path = root / first
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "file":
            text, mode = more
            path.write_bytes(text.encode() if isinstance(text, str) else bytes.fromhex(text["hex"]))
            path.chmod(int(mode, 8))
        elif kind == "folder":
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(int(more[0], 8))
        elif kind == "link":
            path.symlink_to(more[0])
        else:
            (root / more[0]).hardlink_to(path)


@pytest.mark.parametrize("case", RECORDED["cases"], ids=lambda case: case["id"])
def test_answers_are_those_of_salt(case: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "root"
    prepare(root, case["there"])
    first = tree(root)
    made: tuple[Step, ...] = ()
    for run in ("test", "real", "again", "still"):
        ctx = context({"files": RECORDED["files"], "pillar": RECORDED["pillar"]}, tmp_path, REGISTRY)
        journal = Steps()
        applier = Applier(ctx, Planner(ctx, LIBRARY), journal)
        for number, each in enumerate(case["states"]):
            name, args = placed_here((each["name"], each["args"]), root)
            chunk = Chunk(
                state="file", fun=each["fun"], name=name, id=str(number), sls="s", env="base", args=args
            )
            found = applier.apply(chunk, run in ("test", "still"), None)
            answer = [found.result, found.comment, json.loads(json.dumps(dict(found.changes)))]
            assert in_order(answer) == in_order(placed_here(each["want"][run], root)), run
        if run == "test":
            assert tree(root) == first
        made = tuple(journal.made_) if run == "real" else made
    if case["id"] not in AGAIN:
        take_back(context({}, tmp_path, REGISTRY), made)
        assert tree(root) == first


AGAIN = frozenset({"tou-ex", "tou-dir", "repl-count"})  # the second run has changed it too


def in_order(answer: list[Any]) -> list[Any]:
    """Return an answer without the order of what Salt takes out of sets."""
    result, comment, changes = answer
    if comment.startswith("#### "):
        comment = sorted(comment.replace("\n\n\n", "\n\n").split("\n\n"))
    return [
        result,
        comment,
        {key: sorted(each) if isinstance(each, list) else each for key, each in changes.items()},
    ]


def placed_here(value: Any, root: Path) -> Any:
    if isinstance(value, str):
        return value.replace("@D@", str(root))
    if isinstance(value, (list, tuple)):
        return [placed_here(each, root) for each in value]
    if isinstance(value, dict):
        return {placed_here(key, root): placed_here(each, root) for key, each in value.items()}
    return value
