"""From declarations to a graph that can be run, or everything that is wrong with them."""

from __future__ import annotations

from states.engine.chunk import chunks_of
from states.engine.extend import exclude, extend
from states.engine.graph import Graph, build
from states.engine.high import High
from states.engine.problem import CompileError
from states.engine.requisite_in import resolve_in
from states.engine.verify import verify


def compile_high(high: High) -> Graph:
    """Return the graph of a run. Raises CompileError."""
    problems = [*high.problems, *extend(high, high.extends), *verify(high)]
    if problems:
        raise CompileError(problems)
    problems = resolve_in(high)
    if problems:
        raise CompileError(problems)
    exclude(high)
    graph = build(chunks_of(high), high)
    if graph.problems:
        raise CompileError(graph.problems)
    return graph
