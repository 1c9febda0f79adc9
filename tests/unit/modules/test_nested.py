"""A function that runs another one: in a blackout the one that is really going to run must be listed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modules import nested
from modules.context import Context
from modules.registry import Registry
from shoal.errors import ModuleError


@pytest.fixture
def frozen(ctx: Context) -> Context:
    """A box that lists a function which calls others, and one of those."""
    listed: dict[str, Any] = {
        "minion_blackout": True,
        "minion_blackout_whitelist": ["mine.send", "test.echo"],
    }
    return replace(ctx, grains={**ctx.grains, **listed}, registry=Registry())


def test_listed_function_runs_within_another(frozen: Context) -> None:
    assert nested.call(frozen, "test.echo", ["hi"], {}) == "hi"


@pytest.mark.parametrize(
    ("fun", "args"),
    [
        ("test.version", []),
        ("cmd.run", ["true"]),
        ("saltutil.running", []),
        ("grains.setval", ["role", "web"]),
    ],
)
def test_function_that_is_not_listed_is_refused_within_another(
    frozen: Context, fun: str, args: list[str]
) -> None:
    with pytest.raises(ModuleError, match=rf"^refused by this minion: {fun} is not listed, .* by its grains"):
        nested.call(frozen, fun, args, {})


def test_without_a_blackout_it_runs(ctx: Context) -> None:
    assert nested.call(replace(ctx, registry=Registry()), "test.version", [], {})
