"""A box with a folder of served files, and `run`, which applies one state on it as the engine does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.registry import Registry
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from states.library import Library
from states.plan import Plan, Step
from tests.contracts.states.contract import context

Run = Callable[..., Outcome]
PILLAR = {"port": 8080, "secret": "s3cret"}
REGISTRY, LIBRARY = Registry(), Library()


class NoJournal:
    """Writes nothing down."""

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        """Do nothing."""

    def made(self, chunk: Chunk, step: Step) -> None:
        """Do nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The folder whose files are served to the box."""
    return tmp_path / "served"


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    return context({"pillar": PILLAR}, tmp_path, REGISTRY)


@pytest.fixture
def run(ctx: Context) -> Run:
    """Apply `fun` on a path: `run("file.managed", path, test=True, contents=…)`."""

    def apply(fun: str, name: Path | str, *, test: bool = False, **args: Any) -> Outcome:
        state, _, function = fun.partition(".")
        chunk = Chunk(state=state, fun=function, name=str(name), id="id", sls="sls", env="base", args=args)
        return Applier(ctx, Planner(ctx, LIBRARY), NoJournal()).apply(chunk, test, None)

    return apply


@pytest.fixture
def plan(ctx: Context) -> Callable[..., Plan]:
    """Call a state function as it stands, with what the engine does not hand over yet."""

    def call(fun: str, name: Path | str, *args: Any, **kwargs: Any) -> Plan:
        found: Plan = LIBRARY.get(fun).call(ctx, str(name), *args, **kwargs)
        return found

    return call
