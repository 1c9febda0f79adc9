"""Every case of every state holds to the contract; see contract.py."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from modules.registry import Registry
from states.library import Library
from tests.contracts import states as here
from tests.contracts.states.contract import Case, check, context

CASES: list[Case] = [
    case
    for found in pkgutil.iter_modules(here.__path__)
    if found.name.startswith("cases_")
    for case in importlib.import_module(f"{here.__name__}.{found.name}").CASES
]
REGISTRY, LIBRARY = Registry(), Library()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.fun}: {case.name}")
def test_state_plans_without_a_change_settles_and_can_be_taken_back(case: Case, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    check(case, context(case.facts, tmp_path, REGISTRY), root, LIBRARY)


def test_names_of_cases_are_unique() -> None:
    names = [(case.fun, case.name) for case in CASES]
    assert len(set(names)) == len(names)
