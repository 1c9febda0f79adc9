"""Documentation of functions (`sys.doc`) on the operator's terminal: what boxes answered, each function once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from master.cli.output import NESTED, Output
from shoal.functions.docs import docs_text, merge_docs

_NAMED: Final = 5  # minions, before the others are counted


def write_docs(answers: Mapping[str, object], output: Output) -> None:
    """Write the documentation in `answers` (by minion), and beside it what came instead of documentation."""
    docs = merge_docs(answers.values())
    if output.out and output.out != NESTED:
        output.value(docs)
    else:
        output.line(docs_text(docs))
    others: dict[str, list[str]] = {}
    for minion, value in answers.items():
        if not isinstance(value, Mapping):
            others.setdefault(str(value), []).append(minion)
    for text, minions in others.items():
        from shoal.outputters.terminal import clean  # only when something is wrong

        output.aside(clean(f"{_names(minions)}: {text}"))


def _names(minions: list[str]) -> str:
    more = len(minions) - _NAMED
    return ", ".join(minions[:_NAMED]) + (f" and {more} more" if more > 0 else "")
