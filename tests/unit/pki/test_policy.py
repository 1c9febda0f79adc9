"""The box's own policy."""

from __future__ import annotations

import pytest

from shoal.policy import Policy


@pytest.mark.parametrize(
    ("policy", "fun", "runs"),
    [
        (Policy(), "cmd.run", True),
        (Policy(disabled_modules=frozenset({"cmd"})), "cmd.run", False),
        (Policy(disabled_modules=frozenset({"cmd"})), "cmdx.run", True),
        (Policy(disabled_modules=frozenset({"cm"})), "cmd.run", True),
        (Policy(disabled_functions=("cmd.*",)), "cmd.run", False),
        (Policy(disabled_functions=("*.run",)), "cmd.run", False),
        (Policy(disabled_functions=("cmd.run",)), "cmd.run_all", True),
        (Policy(disabled_functions=("cmd.run",)), "cmd.run", False),
        (Policy(allowed_functions=("test.*", "grains.item")), "test.ping", True),
        (Policy(allowed_functions=("test.*", "grains.item")), "grains.item", True),
        (Policy(allowed_functions=("test.*", "grains.item")), "grains.items", False),
        (Policy(allowed_functions=("*",), disabled_functions=("cmd.*",)), "cmd.run", False),
        (Policy(allowed_functions=("cmd.run",), disabled_modules=frozenset({"cmd"})), "cmd.run", False),
        (Policy(allowed_functions=("TEST.*",)), "test.ping", False),
    ],
)
def test_what_runs(policy: Policy, fun: str, runs: bool) -> None:
    assert (policy.refusal(fun) == "") == runs
    assert runs or fun in policy.refusal(fun)


@pytest.mark.parametrize(
    ("policy", "loaded"),
    [
        (Policy(), ["cmd", "hello", "test"]),
        (Policy(disabled_modules=frozenset({"hello"})), ["cmd", "test"]),
        (Policy(disabled_functions=("hel*.*", "test.ping")), ["cmd", "test"]),
        (Policy(allowed_functions=("test.*", "h*.world")), ["hello", "test"]),
        (Policy(allowed_functions=("cmd.run",), disabled_modules=frozenset({"cmd"})), []),
        (Policy(allowed_functions=("*",)), ["cmd", "hello", "test"]),
        (Policy(allowed_functions=("tes?.ping", "cmd")), ["test"]),
    ],
)
def test_module_of_which_nothing_may_run_is_not_loaded(policy: Policy, loaded: list[str]) -> None:
    assert [module for module in ("cmd", "hello", "test") if policy.loads(module)] == loaded
