"""Runs a graph: each state when its requisites have run, in the order of the graph.

A state is tried first (`test=True`) when another one runs before it only if it would change something (`prereq`). What
listens runs at the end. A failure ends the run where `failhard` says so. Nothing a state does ends it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from states.engine.chunk import Chunk
from states.engine.graph import Graph
from states.engine.keywords import LISTEN
from states.engine.outcome import Outcome
from states.engine.verdict import judge

Apply = Callable[
    [Chunk, bool, "list[str] | None"], Outcome
]  # a chunk, whether it is a test, what it is to react to

_NOT_RUN = {
    "wait": "No changes detected",
    "onfail": "State was not run because onfail req did not change",
    "onchanges": "State was not run because none of the onchanges reqs changed",
}


@dataclass(slots=True)
class Run:
    """One run. `apply` runs a state, or its reaction; `done` has what came of each, by its number in the graph."""

    graph: Graph
    apply: Apply
    reacts: Callable[[Chunk], bool]
    test: bool = False
    failhard: bool = False
    done: dict[int, Outcome] = field(default_factory=dict)
    heard: list[tuple[Chunk, Outcome]] = field(default_factory=list)  # what listened
    _trials: dict[int, Outcome] = field(default_factory=dict)
    _count: int = 0

    def all(self) -> Iterator[tuple[Chunk, Outcome]]:
        """Run everything; yield each state and what came of it, as soon as that is known."""
        told: set[int] = set()
        for number in self.graph.order:
            if number not in self.done:
                self._one(number)
            for each in [known for known in self.done if known not in told]:
                told.add(each)
                yield self.graph.chunks[each], self.done[each]
            if self._stops(number):
                break
        for chunk, outcome in self._listeners():
            self.heard.append((chunk, outcome))
            yield chunk, outcome

    def _stops(self, number: int) -> bool:
        chunk, outcome = self.graph.chunks[number], self.done[number]
        return not self.test and outcome.result is False and bool(chunk.args.get("failhard", self.failhard))

    def _one(self, number: int) -> None:
        spoilt = self._spoilt(number)
        if spoilt is not None:
            self._note(number, spoilt)
            return
        for tried in self.graph.needs[number].get("prereq", ()):
            self._try(tried)
        self._settle(number, self._verdict(number))

    def _settle(self, number: int, verdict: str) -> None:
        """Let a verdict become an outcome."""
        chunk = self.graph.chunks[number]
        if verdict == "fail":
            self._note(number, self._failed(number))
        elif verdict in _NOT_RUN:
            self._note(number, Outcome(result=True, comment=_NOT_RUN[verdict], ran=False))
        else:
            outcome = self.apply(chunk, self.test, None)
            if verdict == "change" and not outcome.changes and not outcome.quiet and self.reacts(chunk):
                outcome = self.apply(chunk, self.test, self._changed(number))
            self._note(number, outcome)

    def _try(self, number: int) -> None:
        """Find out what a state would do. One whose requisites keep it from running is settled by that."""
        if number in self._trials:
            return
        for tried in self.graph.needs[number].get("prereq", ()):
            self._try(tried)
        verdict = self._verdict(number)
        if verdict in ("met", "change"):
            self._trials[number] = self.apply(self.graph.chunks[number], True, None)
        else:
            if number not in self.done:
                self._settle(number, verdict)
            self._trials[number] = self.done[number]

    def _spoilt(self, number: int) -> Outcome | None:
        """Return the outcome of a state that was tried for one that then failed: it does not run."""
        trial = self._trials.get(number)
        if trial is None:
            return None
        for other, needs in enumerate(self.graph.needs):
            if number in needs.get("prereq", ()) and other in self.done and self.done[other].result is False:
                return Outcome(result=trial.result, comment=trial.comment, started=trial.started)
        return None

    def _verdict(self, number: int) -> str:
        kinds = {
            kind: [known[each] for each in found if each in known]
            for kind, found in self.graph.needs[number].items()
            if kind != LISTEN
            for known in [self._trials if kind == "prereq" else self.done]
        }
        return judge(kinds)

    def _failed(self, number: int) -> Outcome:
        failed = {
            f"{chunk.sls}.{chunk.id}"
            for kind, found in self.graph.needs[number].items()
            if kind != LISTEN
            for each in found
            for chunk in [self.graph.chunks[each]]
            for outcome in [self._trials.get(each) or self.done.get(each)]
            if outcome is not None and outcome.result is False
        }
        return Outcome(
            result=False, comment=f"One or more requisite failed: {', '.join(sorted(failed))}", ran=False
        )

    def _changed(self, number: int) -> list[str]:
        """Return what a state watches and has changed, as `state: name`."""
        return [
            f"{chunk.state}: {chunk.name}"
            for kind, found in self.graph.needs[number].items()
            if kind.startswith("watch")
            for each in found
            for chunk in [self.graph.chunks[each]]
            if each in self.done and self.done[each].changes
        ]

    def _note(self, number: int, outcome: Outcome) -> None:
        self.done[number] = outcome.numbered(self._count)
        self._count += 1

    # ---------------------------------------------------------------- listening

    def _listeners(self) -> Iterator[tuple[Chunk, Outcome]]:
        """Let those react, once each, that listen to something that has changed."""
        for number in dict.fromkeys(self._roused()):
            chunk = self.graph.chunks[number]
            if self.reacts(chunk):
                listener = _listener(chunk)
                outcome = self.apply(listener, self.test, [])
                self._count += 1
                yield listener, outcome.numbered(self._count - 1)
        for chunk, items in zip(self.graph.chunks, self.graph.unheard, strict=True):
            for item in items:
                self._count += 1
                yield _deaf(chunk, item, self._count - 1)

    def _roused(self) -> Iterator[int]:
        """Yield who listens to what has changed: by their own word, or by that of what they listen to (`listen_in`)."""
        for number in self.graph.order:
            heard = self.graph.needs[number].get(LISTEN, ())
            if any(self.done[each].changes for each in heard if each in self.done):
                yield number
            if self.graph.heralds[number] and any(
                self.done[each].changes for each in self._declared_with(number)
            ):
                for item in self.graph.heralds[number]:
                    yield from sorted(item, key=self.graph.order.index)

    def _declared_with(self, number: int) -> list[int]:
        """Return the chunks of one declaration that have run."""
        own = self.graph.chunks[number]
        return [
            each
            for each in self.done
            if (self.graph.chunks[each].id, self.graph.chunks[each].state) == (own.id, own.state)
        ]


def _deaf(chunk: Chunk, item: Mapping[str, Any], number: int) -> tuple[Chunk, Outcome]:
    """Return a failed state for somebody who listens to what is not there, called as Salt does."""
    ((state, name),) = item.items()
    error = Chunk(
        state="Listen_Error",
        fun="Listen_Error",
        name=f"listen_{state}",
        id=f"listen_{name}",
        sls=chunk.sls,
        env=chunk.env,
    )
    text = f"Referenced state {state}: {name} does not exist"
    return error, Outcome(result=False, comment=text, number=number)


def _listener(chunk: Chunk) -> Chunk:
    """Return a state's reaction as a state of its own, called as Salt does."""
    return Chunk(
        state=chunk.state,
        fun="mod_watch",
        name=chunk.name,
        id=f"listener_{chunk.id}",
        sls=chunk.sls,
        env=chunk.env,
        args={**chunk.args, "sfun": chunk.fun},
    )
