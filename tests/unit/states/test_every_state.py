"""What holds for every state function there is, also for those that are written tomorrow."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import get_type_hints

import pytest

from modules.context import Context
from shoal.functions.function import Function
from shoal.functions.signature import bind
from shoal.render.renderer import Renderer
from shoal.render.source import Source
from shoal.render.yaml import Document
from shoal.wire import encode, plain
from states.engine.chunk import Chunk
from states.engine.compile import compile_high
from states.engine.planner import Planner
from states.engine.sls import Reader
from states.plan import Plan
from tests.unit.states.trial import LIBRARY

NAMES = sorted(name for module in LIBRARY.modules() for name in LIBRARY.names_in(module))
DECLARED = [name for name in NAMES if not name.endswith(".mod_watch")]


class OneFile:
    """A tree with one SLS file."""

    def __init__(self, text: str) -> None:
        self._text = text

    def names(self, env: str) -> Sequence[str]:
        return ["main"]

    def find(self, env: str, sls: str) -> Source | None:
        return Source(name="main.sls", path="main.sls", text=self._text, key=b"main")


def example(function: Function) -> str:
    """Return the SLS file of a function's example."""
    return textwrap.dedent(function.doc.partition("Example:\n")[2]).strip() + "\n"


def compiled(text: str) -> list[Chunk]:
    """Return the states of an SLS file. Raises CompileError."""
    renderer = Renderer(lambda name: None)

    def render(source: Source, sls: str, env: str) -> Document:
        return renderer.render(source, {})

    reader = Reader(OneFile(text), render)
    reader.read("base", ["main"])
    return list(compile_high(reader.high).chunks)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_typed_and_documented(name: str) -> None:
    function = LIBRARY.get(name)
    hints = get_type_hints(function.call)
    assert (hints["ctx"], hints["return"]) == (Context, Plan)
    assert function.signature.positional[0].name == "name"
    assert function.usage.startswith(f"{name}(name: str")
    first = function.doc.partition("\n")[0]
    assert first.endswith((".", ":"))
    assert first[0].isupper()
    assert len(first) <= 120
    encode(plain(function.schema()))


@pytest.mark.parametrize("name", DECLARED)
def test_its_example_compiles_and_fits_its_parameters(name: str) -> None:
    text = example(LIBRARY.get(name))
    chunks = compiled(text)
    assert name in [chunk.full for chunk in chunks], f"the example does not use {name}"
    for chunk in chunks:
        function = LIBRARY.get(chunk.full)
        kwargs = Planner._arguments(chunk, frozenset(function.signature.keywords))
        bind(function, [chunk.name], kwargs)
    assert "/tmp/" not in text
    assert "/root/" not in text
