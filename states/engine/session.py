"""One run, put together: from what was asked for to a graph, and from the graph to what Salt's programs show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.result import Result
from shoal.errors import ModuleError
from shoal.merge import recurse
from states.engine.apply import Applier
from states.engine.chunk import Chunk
from states.engine.compile import compile_high
from states.engine.graph import Graph
from states.engine.high import High
from states.engine.journal import RunJournal
from states.engine.lock import sole_run
from states.engine.outcome import Outcome
from states.engine.planner import Planner
from states.engine.problem import CompileError
from states.engine.run import Run
from states.engine.served import Served
from states.engine.sls import Reader
from states.library import Library

COMPILE_ERROR: Final = 1  # return codes, as Salt's
STATE_FAILED: Final = 2
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions:
    """What functions that run states take. Spellings are Salt's."""

    test: bool = False  # say what would be done, do nothing
    pillar: dict[str, Any] = field(default_factory=dict)  # over the box's own, for this run
    saltenv: str = ""  # "" = base
    pillarenv: str = ""
    exclude: list[Any] | str = field(default_factory=list)  # SLS, or `{id: x}`, `{sls: x}`
    queue: bool = False  # wait for a run that is under way instead of refusing


class Session:
    """What a function of the module `state` works with."""

    def __init__(self, ctx: Context, options: StateOptions) -> None:
        if options.pillarenv:
            ctx = replace(ctx, pillar=ctx.daemon.pillar(options.pillarenv))
        if options.pillar:
            ctx = replace(ctx, pillar=recurse(ctx.pillar, options.pillar))
        self.ctx = ctx
        self.options = options
        self.env = options.saltenv or "base"
        self.served = Served(ctx)
        self.folder = Path(str(ctx.settings.get("statedir", "/var/lib/shoal/minion"))) / "states"

    def high(self, wanted: Mapping[str, Sequence[str]]) -> High:
        """Return what the SLS files declare, with what is wrong with them."""
        reader = Reader(self.served, self.served.render)
        for env, names in wanted.items():
            reader.read(env, names)
        reader.high.excludes += _listed(self.options.exclude)
        return reader.high

    def graph(self, wanted: Mapping[str, Sequence[str]]) -> Graph:
        """Return the graph of SLS files. Raises CompileError."""
        return compile_high(self.high(wanted))

    def run(self, graph: Graph, asked: Mapping[str, Any]) -> Result:
        """Run a graph and return what came of its states, in Salt's shape."""
        if self.options.test:
            return self._run(graph, asked)
        note = f"{asked.get('fun', 'state')}, job {self.ctx.jid or 'of shoal-call'}"
        with sole_run(self.folder, note, wait_s=_DAY_S if self.options.queue else 0.0):
            return self._run(graph, asked)

    def _run(self, graph: Graph, asked: Mapping[str, Any]) -> Result:
        journal = RunJournal(self.folder, self.ctx.jid or _call_jid(), dict(asked))
        planner = Planner(self.ctx, Library())
        run = Run(graph, Applier(self.ctx, planner, journal).apply, planner.reacts, test=self.options.test)
        total = len(graph.order)
        shown: dict[str, Any] = {}
        failed = False
        for chunk, outcome in run.all():
            shown[chunk.tag] = outcome.shown(chunk)
            failed = failed or outcome.result is False
            self.ctx.progress(f"{len(shown)} of {total}: {chunk.full} {chunk.name}: {_word(outcome)}")
        journal.end()
        return Result(shown, retcode=STATE_FAILED if failed else 0)


def refusal(error: CompileError) -> Result:
    """Return what is wrong with a tree, as Salt does: a list of texts."""
    return Result([problem.block() for problem in error.problems], retcode=COMPILE_ERROR)


def chunks_as_low(graph: Graph) -> list[dict[str, Any]]:
    """Return the chunks as they run."""
    return [graph.chunks[number].as_low() for number in graph.order]


def names_of(mods: str | Iterable[str]) -> list[str]:
    """Return SLS names: `a,b` or a list."""
    parts = mods.split(",") if isinstance(mods, str) else mods
    return [str(part).strip() for part in parts if str(part).strip()]


def single_chunk(fun: str, name: str, args: Mapping[str, Any]) -> Chunk:
    """Return a state of its own, as `state.single` runs it. Raises ModuleError."""
    state, dot, function = fun.partition(".")
    if not dot or not state or not function:
        raise ModuleError(f"{fun!r} is no state function; pkg.installed is one")
    return Chunk(state=state, fun=function, name=name, id=name, sls="", env="base", args=dict(args))


def _listed(exclude: list[Any] | str) -> list[Any]:
    return names_of(exclude) if isinstance(exclude, str) else list(exclude)


def _word(outcome: Outcome) -> str:
    if outcome.result is None:
        return "would change"
    return "failed" if not outcome.result else "changed" if outcome.changes else "clean"


def _call_jid() -> str:
    """Return a job id for a call from the box's own command line."""
    import time

    from shoal.ids import JidMaker

    return JidMaker().new(time.time())
