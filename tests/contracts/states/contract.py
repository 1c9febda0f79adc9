"""The contract of states, and `Case`, which says on what it is tried.

1. Planning changes nothing, however often.
2. The steps are made by execution functions; then the plan is empty (where the state can tell).
3. Each step has an undo, or says why it is final. The undos, last first, bring back what was there: contents, modes,
   owners, links.

A file `cases_MODULE.py` beside this one has a list `CASES`. `@ROOT@` in arguments is the case's own folder.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules import nested
from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from states.engine.chunk import Chunk
from states.engine.planner import Planner
from states.library import Library
from states.plan import Call, Plan, Step

ROOT = "@ROOT@"


def nothing(root: Path) -> None:
    """Leave the folder empty."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A state (`file.managed`), its arguments (`name` among them), and what is there before.

    `facts`: `grains`, `pillar`, and `files` (served ones, text by name). `changes`: False for a state that is to
    find nothing to do. `settles`: False for one that is never done.
    """

    name: str
    fun: str
    args: dict[str, Any]
    prepare: Callable[[Path], None] = nothing
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: bool = True
    settles: bool = True

    def chunk(self, root: Path) -> Chunk:
        """Return the state as the engine has it."""
        state, _, fun = self.fun.partition(".")
        args = placed(self.args, root)
        return Chunk(
            state=state, fun=fun, name=args.pop("name"), id=self.name, sls="case", env="base", args=args
        )


def placed(value: Any, root: Path) -> Any:
    """Return arguments with the folder in the place of its sign."""
    if isinstance(value, str):
        return value.replace(ROOT, str(root))
    if isinstance(value, list):
        return [placed(each, root) for each in value]
    if isinstance(value, dict):
        return {key: placed(each, root) for key, each in value.items()}
    return value


def context(facts: Mapping[str, Any], folder: Path, registry: Registry) -> Context:
    """Return a box with these facts, whose cache, state and served files lie below `folder`."""
    served = folder / "served"
    for name, text in facts.get("files", {}).items():
        path = served / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    served.mkdir(parents=True, exist_ok=True)
    return Context(
        minion_id="box",
        grains={"id": "box", "os": "Debian", "os_family": "Debian", **facts.get("grains", {})},
        pillar=facts.get("pillar", {}),
        tags={},
        settings={"id": "box", "statedir": str(folder / "state"), "cachedir": str(folder / "cache")},
        registry=registry,
        jobs=NoJobs(),
        daemon=NoDaemon(),
        files=OwnFiles({"base": (served,)}),
        master=NoMaster(),
        jid="",
        job_user="root",
    )


def tree(root: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that a rollback must bring back, by relative path."""
    return {str(path.relative_to(root)): _facts(path) for path in (root, *sorted(root.rglob("*")))}


def check(case: Case, ctx: Context, root: Path, library: Library) -> None:
    """Try the contract on one case."""
    case.prepare(root)
    planner, chunk = Planner(ctx, library), case.chunk(root)
    first = tree(root)
    plan = planner.plan(chunk)
    assert plan.result, plan.did
    assert tree(root) == first, "planning has changed something"
    assert _calls(planner.plan(chunk)) == _calls(plan), "a plan is not the same twice"
    assert bool(plan.steps) is case.changes, plan
    assert tree(root) == first
    for step in plan.steps:
        assert step.undo or step.final, step
        make(ctx, step.do)
    if case.settles:
        left = planner.plan(chunk)
        assert left.empty, left
    if all(step.undo for step in plan.steps):
        take_back(ctx, plan.steps)
        assert tree(root) == first


def take_back(ctx: Context, steps: tuple[Step, ...]) -> None:
    """Make the undos, last first."""
    for step in reversed(steps):
        assert step.undo
        make(ctx, step.undo)


def make(ctx: Context, call: Call) -> Any:
    """Make a call as the engine does, after the journal has written and read it."""
    read = Call.from_wire(json.loads(json.dumps(call.to_wire())))
    return nested.call(ctx, read.fun, read.args, read.kwargs, from_text=False)


def _calls(plan: Plan) -> list[dict[str, Any]]:
    return [step.do.to_wire() for step in plan.steps]


def _facts(path: Path) -> tuple[Any, ...]:
    status = path.lstat()
    more: Any = ""
    if stat.S_ISLNK(status.st_mode):
        more = str(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        more = hashlib.sha256(path.read_bytes()).hexdigest()
    return stat.filemode(status.st_mode), status.st_uid, status.st_gid, more
