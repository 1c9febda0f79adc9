"""A box to run states on in a test: SLS files given as texts, everything else real."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modules.context import Context
from modules.own_files import OwnFiles
from modules.standalone import NoDaemon, NoJobs, NoMaster
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.graph import Graph
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from states.engine.run import Run
from states.engine.session import Session, StateOptions
from states.library import Library
from states.plan import Step
from states.registry import full_registry

REGISTRY = full_registry()
LIBRARY = Library()
JID = "20261121093000123456"


class NoJournal:
    """Keeps the steps in memory."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def intend(self, chunk: Chunk, step: Step, *, reaction: bool) -> None:
        self.steps.append(step)

    def made(self, chunk: Chunk, step: Step) -> None:
        pass


def box(folder: Path, files: Mapping[str, str], **facts: Any) -> Context:
    """Return a context whose files are these; state goes below `folder`."""
    roots = folder / "roots"
    for name, text in files.items():
        path = roots / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    roots.mkdir(exist_ok=True)
    ctx = Context(
        minion_id="box",
        grains={"id": "box", "os": "Debian"},
        pillar={},
        tags={"site": "paris"},
        settings={"statedir": str(folder / "state"), "nodegroups": {}},
        registry=REGISTRY,
        jobs=NoJobs(),
        daemon=NoDaemon(),
        files=OwnFiles({"base": (roots,)}),
        master=NoMaster(),
        jid=JID,
        job_user="root",
    )
    return replace(ctx, **facts)


def graph_of(ctx: Context, *names: str, options: StateOptions | None = None) -> Graph:
    """Return the graph of SLS files. Raises CompileError."""
    return Session(ctx, options or StateOptions()).graph({"base": list(names)})


def run_graph(ctx: Context, graph: Graph, *, test: bool = False) -> list[tuple[Chunk, Outcome]]:
    """Run a graph without pauses; return what came of each state, in the order they were run."""
    planner = Planner(ctx, LIBRARY)
    applier = Applier(ctx, planner, NoJournal(), sleep=lambda _seconds: None)
    found = list(Run(graph, applier.apply, planner.reacts, test=test).all())
    return sorted(found, key=lambda each: each[1].number)
