"""Documentation of functions as the programs print it, Salt's `sys.doc`: each function once, its text indented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

SYS_DOC: Final = "sys.doc"
_INDENT: Final = "    "


def merge_docs(values: Iterable[object]) -> dict[str, str]:
    """Return function → text from several answers, sorted; the first answer that has a function wins."""
    docs: dict[str, str] = {}
    for value in values:
        if isinstance(value, Mapping):
            for name, text in value.items():
                if text:
                    docs.setdefault(str(name), str(text))
    return dict(sorted(docs.items()))


def docs_text(docs: Mapping[str, Any]) -> str:
    """Return `docs` as text for a terminal."""
    from shoal.outputters.terminal import clean  # the text comes from boxes; not needed for a ping

    return "".join(f"{clean(name)}:\n\n{_indented(clean(str(text)))}\n\n" for name, text in docs.items())


def _indented(text: str) -> str:
    return "\n".join(f"{_INDENT}{line}".rstrip() for line in text.strip().splitlines())
