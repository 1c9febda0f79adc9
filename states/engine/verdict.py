"""What a state's requisites say before it runs: go, go and react, or not, and why (Salt's documented truth table).

    fail       one that is required has failed
    wait       a `prereq` that would change nothing: nothing to do before it
    onfail     nothing has failed that it was there for
    onchanges  nothing has changed that it was there for
    change     something watched has changed: run, and react if running changed nothing
    met        run

The order above is the order of precedence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from states.engine.outcome import Outcome

_ANY: Final = ("require_any", "watch_any", "onchanges_any", "onfail_any", "onfail")  # one is enough


def judge(kinds: Mapping[str, Iterable[Outcome]]) -> str:
    """Return the verdict on a state, from the outcomes that each of its requisites found.

    Under `prereq` stand the outcomes of trials: None is "would change".
    """
    marks: set[str] = set()
    for kind, outcomes in kinds.items():
        marks |= _of_kind(kind, [_mark(kind, outcome) for outcome in outcomes])
    if "fail" in marks:
        return "fail"
    if "idle" in marks and "due" not in marks:
        return "wait"
    if "onfail" in marks:
        return "onfail"
    if "onchanges" in marks and "changed" not in marks:
        return "onchanges"
    return "change" if "change" in marks else "met"


def _mark(kind: str, outcome: Outcome) -> str:
    """Return what one outcome says to one kind of requisite."""
    if kind.startswith("onfail"):
        if outcome.result is True:
            return "onfail"
        return "met" if outcome.ran else ""
    if kind.startswith("onchanges"):  # a failure has changed nothing that could be relied on
        return "changed" if outcome.changes and outcome.result is not False else "onchanges"
    if outcome.result is False:
        return "fail"
    if kind.startswith("watch") and outcome.changes:
        return "change"
    if kind == "prereq":
        return "due" if outcome.result is None else "idle"
    return "met" if outcome.ran else ""


def _of_kind(kind: str, listed: list[str]) -> set[str]:
    """Return the marks of one requisite: of `_any`, what went well outweighs the rest; of `_all`, nothing does."""
    marks = set(listed)
    if kind in _ANY:
        if marks & {"met", "change"}:
            marks -= {"fail"}
        if "changed" in marks:
            marks -= {"onchanges"}
        if "onfail" in marks and "met" in marks:
            marks -= {"onfail"}
    if kind.endswith("_all") and "onfail" in marks:
        marks -= {"met"}
    return marks
