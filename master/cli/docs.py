"""Documentation of functions (`sys.doc`), as Salt prints it: each function once, for all boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from master.cli.output import NESTED, Output

SYS_DOC: Final = "sys.doc"


def merge_docs(values: Iterable[object]) -> dict[str, str]:
    """Return function → text from several answers, sorted; the first answer that has a function wins."""
    docs: dict[str, str] = {}
    for value in values:
        if isinstance(value, Mapping):
            for name, text in value.items():
                if text:
                    docs.setdefault(str(name), str(text))
    return dict(sorted(docs.items()))


def write_docs(docs: Mapping[str, Any], output: Output) -> None:
    """Write `docs` as plain text, or in the look the operator asked for."""
    if output.out and output.out != NESTED:
        output.value(docs)
        return
    from shoal.outputters.terminal import clean  # the text comes from boxes

    for name, text in docs.items():
        output.line(f"{clean(name)}:\n{clean(text).rstrip()}\n\n")
