"""What can be read from a `def`, and what its author is told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from modules.context import Context
from shoal.functions.function import Function, Marks
from shoal.functions.parameters import Signature


def test_every_type_is_shown_as_an_operator_reads_it() -> None:
    def call(
        ctx: Context,
        a: str,
        b: int | None = None,
        c: Literal["x", "y"] = "x",
        *rest: Path,
        d: dict[str, list[int]] | str = "",
        e: list[Any] | None = None,
        f: dict[str, Any] | None = None,
        **extra: float,
    ) -> None: ...

    assert Signature.of(call).show() == (
        "(a: str, b: int | None = None, c: 'x' | 'y' = 'x', *rest: path, d: dict[str, list[int]] | str = '', "
        "e: list | None = None, f: dict | None = None, **extra: float)"
    )


def untyped(ctx: Context, x) -> None: ...  # type: ignore[no-untyped-def]
def no_context(x: int) -> None: ...
def nothing() -> None: ...
def strange(ctx: Context, x: set[int]) -> None: ...
def number_keys(ctx: Context, x: dict[int, str]) -> None: ...
def only_positional(ctx: Context, x: int, /) -> None: ...


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (untyped, "parameter 'x' has no type"),
        (no_context, "no_context: the first parameter must be ctx: Context"),
        (nothing, "nothing: the first parameter must be ctx: Context"),
        (strange, "parameter 'x': type set.int. cannot be given on a command line or over the wire"),
        (number_keys, "parameter 'x': a dict's keys must be str, not int"),
        (only_positional, "parameter 'x' is positional-only; only ctx may be that"),
    ],
)
def test_what_cannot_be_served_is_told_to_the_author(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Signature.of(call)


def test_schema_is_plain_data() -> None:
    def call(ctx: Context, name: str, *, tries: int = 3, **extra: Any) -> None:
        """Do it.

        More.
        """

    schema = Function("box.do", call, Marks(inline=True, replay="safe")).schema()
    assert schema == {
        "name": "box.do",
        "aliases": [],
        "summary": "Do it.",
        "usage": "box.do(name: str, *, tries: int = 3, **extra: any)",
        "parameters": [
            {"name": "name", "type": "str", "form": "plain", "required": True, "default": None},
            {"name": "tries", "type": "int", "form": "keyword", "required": False, "default": 3},
            {"name": "extra", "type": "any", "form": "extra", "required": False, "default": None},
        ],
        "inline": True,
        "replay": "safe",
        "out": "",
    }


def test_docstring_loses_the_indentation_of_its_code() -> None:
    def call(ctx: Context) -> None:
        """First.

        Second:

            code
        """

    assert Function("a.b", call, Marks()).doc == "First.\n\nSecond:\n\n    code"
