"""Who waits for whom: requisites found among the chunks, circles told as a path, and the order of a run.

A state that others wait for moves forward with them, one step (see `_Dag.key`; Salt 3008's rule). `listen` and `use`
order nothing.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

from states.engine.chunk import Chunk
from states.engine.high import High
from states.engine.keywords import LISTEN, LISTEN_IN, REQUISITES
from states.engine.problem import Problem

# Requisites, the weakest first: which of those that wait for a state move it forward.
_STRENGTH: Final = (
    "onfail", "onfail_any", "onfail_all", "require", "require_any", "onchanges", "onchanges_any", "watch", "watch_any",
    "prereq",
)  # fmt: skip
_WEIGHTS: Final = {kind: weight for weight, kind in enumerate(_STRENGTH)}


@dataclass(slots=True)
class Graph:
    """`needs`: of each chunk (by its number), what each of its requisites found. `order`: numbers, as they run."""

    chunks: list[Chunk]
    needs: list[dict[str, list[int]]] = field(default_factory=list)
    heralds: list[list[list[int]]] = field(default_factory=list)  # of each, who listens to it by its own word
    unheard: list[list[dict[str, Any]]] = field(default_factory=list)  # of each, what it listens to in vain
    order: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def build(chunks: list[Chunk], high: High) -> Graph:
    """Return the graph of chunks; its problems are requisites that find nothing, and circles."""
    graph = Graph(chunks)
    index = _Index(chunks)
    for chunk in chunks:
        needs: dict[str, list[int]] = {}
        graph.unheard.append([])
        for kind in (*REQUISITES, LISTEN):
            for item in chunk.requisites(kind):
                found = index.find(item)
                if not found and kind != LISTEN:
                    graph.problems.append(_missing(chunk, kind, item, index, high))
                elif not found and isinstance(
                    item, dict
                ):  # told at the end of the run; a bare id never, as in Salt
                    graph.unheard[-1].append(item)
                needs.setdefault(kind, []).extend(found)
        graph.needs.append({kind: list(dict.fromkeys(found)) for kind, found in needs.items()})
        graph.heralds.append([index.named(item) for item in chunk.requisites(LISTEN_IN)])
    _put_in_order(graph, high)
    return graph


def alone(chunks: list[Chunk]) -> Graph:
    """Return the graph of chunks that have nothing to do with each other."""
    return Graph(
        chunks,
        needs=[{} for _ in chunks],
        heralds=[[] for _ in chunks],
        unheard=[[] for _ in chunks],
        order=list(range(len(chunks))),
    )


def matches(item: Any, chunk: Chunk) -> bool:
    """Say whether a requisite's item (`{state: pattern}`, or a bare id) means a chunk."""
    if not isinstance(item, dict):
        return _fits(item, chunk)
    ((state, wanted),) = item.items()
    if state == "sls":
        return fnmatchcase(chunk.sls, str(wanted))
    return (state in ("id", chunk.state)) and _fits(wanted, chunk)


def _fits(pattern: Any, chunk: Chunk) -> bool:
    text = str(pattern)
    return fnmatchcase(chunk.name, text) or fnmatchcase(chunk.id, text)


class _Index:
    """Finds chunks: by name and id at once, by pattern one after the other."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._named: dict[str, list[int]] = defaultdict(list)
        for number, chunk in enumerate(chunks):
            for name in {chunk.name, chunk.id}:
                self._named[name].append(number)

    def find(self, item: Any) -> list[int]:
        """Return the numbers of the chunks that an item means."""
        state, wanted = next(iter(item.items())) if isinstance(item, dict) else ("id", item)
        if state == "sls" or any(sign in str(wanted) for sign in "*?["):
            return [number for number, chunk in enumerate(self._chunks) if matches(item, chunk)]
        return self.named(item)

    def named(self, item: Any) -> list[int]:
        """Return the numbers of the chunks that an item names, without patterns."""
        state, wanted = next(iter(item.items())) if isinstance(item, dict) else ("id", item)
        return [n for n in self._named.get(str(wanted), ()) if state in ("id", self._chunks[n].state)]

    def near(self, item: Any) -> str:
        """Return a name that may have been meant, in words."""
        import difflib  # only for the message

        wanted = str(next(iter(item.values()))) if isinstance(item, dict) else str(item)
        near = difflib.get_close_matches(wanted, self._named, n=1)
        if not near:
            return ""
        chunk = self._chunks[self._named[near[0]][0]]
        return f" Did you mean {chunk.state}: {near[0]}?"


def _missing(chunk: Chunk, kind: str, item: Any, index: _Index, high: High) -> Problem:
    shown = ": ".join(map(str, *item.items())) if isinstance(item, dict) else f"id: {item}"
    return high.origin(chunk.id).problem(
        f"referenced state does not exist: {kind} ({shown}) of state {chunk.id!r} in SLS {chunk.sls!r}; there is no "
        f"such state.{index.near(item)}",
        chunk.id,
        chunk.state,
    )


# ---------------------------------------------------------------------- order


def _put_in_order(graph: Graph, high: High) -> None:
    dag = _Dag(graph)
    left = len(dag.nodes)
    ready = [(dag.key(node), node) for node in dag.nodes if not dag.before[node]]
    waiting = {node: len(before) for node, before in dag.before.items()}
    heapq.heapify(ready)
    while ready:
        _, node = heapq.heappop(ready)
        left -= 1
        if not node.trial:
            graph.order.append(node.number)
        for then in dict.fromkeys(then for then, _ in dag.after[node]):
            waiting[then] -= sum(first == node for first, _ in dag.before[then])
            if not waiting[then]:
                heapq.heappush(ready, (dag.key(then), then))
    if left:
        graph.problems.append(_circle(graph, dag, {node for node, count in waiting.items() if count}, high))


class _Node(NamedTuple):
    """A chunk, or its trial: the test run that a state with `prereq` waits for."""

    tag: str  # decides between nodes of one place
    number: int
    trial: bool = False


class _Dag:
    """Who must run before whom: `after` and `before` have the edges of each node, with their requisites."""

    def __init__(self, graph: Graph) -> None:
        self._chunks = graph.chunks
        self._real = [_Node(chunk.tag, number) for number, chunk in enumerate(graph.chunks)]
        tried = {number for needs in graph.needs for number in needs.get("prereq", ())}
        self._trials = {
            number: _Node(f"{graph.chunks[number].tag}_|-trial", number, True) for number in sorted(tried)
        }
        self.nodes = [*self._real, *self._trials.values()]
        self.after: dict[_Node, list[tuple[_Node, str]]] = {node: [] for node in self.nodes}
        self.before: dict[_Node, list[tuple[_Node, str]]] = {node: [] for node in self.nodes}
        for number, needs in enumerate(graph.needs):
            for kind in _WEIGHTS:
                for other in needs.get(kind, ()):
                    self._need(number, other, kind)

    def _need(self, number: int, other: int, kind: str) -> None:
        """Let a chunk wait for another. What a chunk requires must also have run before its trial."""
        node = self._real[number]
        if kind == "prereq":
            trial = self._trials[other]
            self._edge(trial, node, kind)
            self._edge(node, self._real[other], kind)
            if number in self._trials:
                self._edge(trial, self._trials[number], kind)
            return
        self._edge(self._real[other], node, kind)
        if number in self._trials:
            self._edge(self._real[other], self._trials[number], kind)

    def _edge(self, first: _Node, then: _Node, kind: str) -> None:
        if (then, kind) not in self.after[first]:
            self.after[first].append((then, kind))
            self.before[then].append((first, kind))

    def key(self, node: _Node) -> tuple[float, float]:
        """Return a node's place: its own, or that of those who wait for it, whichever is less.

        Of those who wait count only the ones with the strongest requisite so far, in the order they are written in.
        """
        strongest, place = 0, self._chunks[node.number].order
        for then, kind in self.after[node]:
            if _WEIGHTS[kind] >= strongest:
                strongest = _WEIGHTS[kind]
                place = min(place, self._chunks[then.number].written)
        return place, self._chunks[node.number].order


def _circle(graph: Graph, dag: _Dag, left: set[_Node], high: High) -> Problem:
    """Return a circle among what cannot be put in order, as a path."""
    at = min(left)
    path: list[_Node] = []
    steps: list[str] = []
    while at not in path:
        path.append(at)
        at, kind = next((first, kind) for first, kind in dag.before[at] if first in left)
        steps.append(f"--{kind}--> {_shown(graph.chunks[at.number])}")
    begin = path.index(at)
    chunk = graph.chunks[at.number]
    return high.origin(chunk.id).problem(
        f"recursive requisites, a circle: {_shown(chunk)} {' '.join(steps[begin:])}", chunk.id, chunk.state
    )


def _shown(chunk: Chunk) -> str:
    name = "" if chunk.name == chunk.id else f" ({chunk.name})"
    return f"{chunk.state}: {chunk.id}{name} in {chunk.sls}"
