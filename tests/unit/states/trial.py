"""A box on which states are planned, applied and taken back, as the engine does it, with a journal that remembers.

`cycle` is the contract of every state: planning changes nothing, after applying there is nothing to do, and the way
back leads to where it began, to the byte.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modules import nested
from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from states.library import Library
from states.plan import Call, Plan, Step

REGISTRY = Registry()
LIBRARY = Library()


@dataclass
class Memory:
    """A journal that remembers the steps that were made."""

    steps: list[Step] = field(default_factory=list)

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        if step.undo is not None:
            step = replace(
                step, undo=Call.from_wire(json.loads(json.dumps(step.undo.to_wire())))
            )  # as the real one
        self.steps.append(step)

    def made(self, chunk: Chunk, step: Step) -> None:
        assert self.steps[-1].do == step.do


def context(*roots: Path, **changes: Any) -> Context:
    """Return the context of a box that stands alone."""
    made = Context(
        minion_id="box",
        grains={"id": "box", "os_family": "Debian"},
        pillar={},
        tags={},
        settings={"id": "box"},
        registry=REGISTRY,
        jobs=NoJobs(),
        daemon=NoDaemon(),
        files=OwnFiles({"base": roots}),
        master=NoMaster(),
        jid="20260917000000000000",
        job_user="root",
    )
    return replace(made, **changes)


class Box:
    """See the module docstring. `folder` is all that states of a test may change."""

    def __init__(self, folder: Path, ctx: Context | None = None) -> None:
        self.ctx = ctx or context()
        self.folder = folder
        self.journal = Memory()
        self._planner = Planner(self.ctx, LIBRARY)
        self._applier = Applier(self.ctx, self._planner, self.journal)

    def plan(self, fun: str, name: str = "it", **args: Any) -> Plan:
        """Return the plan of a state, which must have changed nothing."""
        before = snapshot(self.folder)
        plan = self._planner.plan(chunk(fun, name, args))
        assert snapshot(self.folder) == before, "planning changed something"
        return plan

    def run(
        self, fun: str, name: str = "it", *, test: bool = False, changed: list[str] | None = None, **args: Any
    ) -> Outcome:
        """Return what comes of a state."""
        before = snapshot(self.folder) if test else None
        outcome = self._applier.apply(chunk(fun, name, args), test, changed)
        assert before is None or snapshot(self.folder) == before, "a test run changed something"
        return outcome

    def undo(self) -> None:
        """Take back all steps that were made."""
        for step in reversed(self.journal.steps):
            assert step.undo is not None, f"no way back from {step.do}: {step.final}"
            nested.call(self.ctx, step.undo.fun, step.undo.args, step.undo.kwargs, from_text=False)
        self.journal.steps.clear()

    def interrupt(self, fun: str, name: str, args: dict[str, Any]) -> None:
        """Take a state back that ended just before each of its steps: what was not done yet is no error there."""
        before = self.all()
        steps = self._planner.plan(chunk(fun, name, args)).steps
        for made in range(len(steps)):
            for step in steps[:made]:
                nested.call(self.ctx, step.do.fun, step.do.args, step.do.kwargs, from_text=False)
            self.journal.steps[:] = steps[: made + 1]
            self.undo()
            assert self.all() == before, f"interrupted before step {made + 1}, the way back led elsewhere"

    def all(self) -> Any:
        """Return all that a state must bring back."""
        return snapshot(self.folder)

    def cycle(self, fun: str, name: str = "it", **args: Any) -> Outcome:
        """Try a state, apply it, look that nothing is left to do, and take it back; return what came of it."""
        before = self.all()
        self.interrupt(fun, name, args)
        trial = self.run(fun, name, test=True, **args)
        self.journal.steps.clear()
        outcome = self.run(fun, name, **args)
        assert outcome.result is True, outcome.comment
        assert outcome.changes
        assert trial.result is None
        assert trial.changes == outcome.changes, "the test run promised something else"
        again = self.plan(fun, name, **args)
        assert again.empty, again
        self.undo()
        assert self.all() == before, "the way back led elsewhere"
        return replace(outcome, started=0.0, duration_s=0.0)


def chunk(fun: str, name: str, args: dict[str, Any]) -> Chunk:
    """Return a state as an SLS would declare it."""
    module, _, function = fun.partition(".")
    return Chunk(state=module, fun=function, name=name, id=name, sls="main", env="base", args=args)


def snapshot(folder: Path) -> dict[str, Sequence[Any]]:
    """Return all that is known of what is below a folder: kind, mode, owner, content, target."""
    found: dict[str, Sequence[Any]] = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = ""
        if path.is_symlink():
            content = os.fsdecode(path.readlink())
        elif stat.S_ISREG(status.st_mode):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found
