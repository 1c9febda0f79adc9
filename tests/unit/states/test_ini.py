"""`ini`: options and sections of a file. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.states.trial import Box

TEXT = "top=1\n[s1]\nk1 = v1\nk2=v2\n# c\n[s2]\nx = y\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "a.ini").write_text(TEXT)
    (tmp_path / "a.ini").chmod(0o600)
    return str(tmp_path / "a.ini")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


Cases = list[tuple[str, dict[str, Any], dict[str, Any], str]]
CASES: Cases = [
    (
        "options_present",
        {"sections": {"s1": {"k1": "new", "k3": 3}, "s3": {"n": True}}},
        {
            "s1": {"k1": {"before": "v1", "after": "new"}, "k3": {"before": None, "after": "3"}},
            "s3": {"before": None, "after": {"n": "True"}},
        },
        "Changed key k1 in section s1.\nChanged key k3 in section s1.\nChanged key n in section s3.\n",
    ),
    (
        "options_present",
        {"sections": {"top": 2, "s1": {"k1": "v1"}}},
        {"top": {"before": "1", "after": "2"}},
        "Changed key top.\nUnchanged key k1 in section s1.\n",
    ),
    (
        "options_present",
        {"sections": {"s2": {"z": 1}}, "strict": True},
        {
            "top": {"before": "1", "after": None},
            "s1": {"before": {"k1": "v1", "k2": "v2"}, "after": None},
            "s2": {"x": {"before": "y", "after": None}, "z": {"before": None, "after": "1"}},
        },
        "Removed key top.\nRemoved section s1.\nDeleted key x in section s2.\nChanged key z in section s2.\n",
    ),
    (
        "options_absent",
        {"sections": {"s1": ["k2", "nope"], "s9": ["k"]}},
        {"s1": {"k2": "v2"}},
        "Deleted key k2 in section s1.\nKey nope in section s1 does not exist.\nKey k in section s9 does not exist.\n",
    ),
    ("options_absent", {"sections": ["top"]}, {"top": "1"}, "Deleted key top.\n"),
    (
        "sections_absent",
        {"sections": ["s2", "s8"]},
        {"s2": {"x": "y"}},
        "Deleted section s2.\nSection s8 does not exist.\n",
    ),
    (
        "sections_present",
        {"sections": ["s4", "s1"]},
        {"s4": {"before": None, "after": {}}},
        "Created new section s4.\nSection unchanged s1.\n",
    ),
    (
        "sections_present",
        {"sections": {"s5": {"a": 1}}},
        {"s5": {"before": None, "after": {"a": "1"}}},
        "Created new section s5.\n",
    ),
]


@pytest.mark.parametrize(("fun", "args", "changes", "would"), CASES)
def test_file_is_changed_and_led_back(
    box: Box, file: str, fun: str, args: dict[str, Any], changes: dict[str, Any], would: str
) -> None:
    assert box.run(f"ini.{fun}", file, test=True, **args).comment == would
    outcome = box.cycle(f"ini.{fun}", file, **args)
    assert outcome.changes == changes
    assert outcome.comment == "Changes take effect"


def test_new_file_is_made_and_goes(box: Box, tmp_path: Path) -> None:
    box.cycle("ini.options_present", str(tmp_path / "new.ini"), sections={"s": {"a": 1}})


@pytest.mark.parametrize(
    ("fun", "args", "would"),
    [
        ("options_present", {"sections": {"s1": {"k1": "v1"}}}, "Unchanged key k1 in section s1.\n"),
        ("options_absent", {"sections": {"s": ["a"]}}, "Key a in section s does not exist.\n"),
        ("sections_absent", {"sections": ["a"]}, "Section a does not exist.\n"),
        ("sections_present", {"sections": ["s1"]}, "Section unchanged s1.\n"),
    ],
)
def test_file_that_is_right_stays(box: Box, file: str, fun: str, args: dict[str, Any], would: str) -> None:
    trial = box.run(f"ini.{fun}", file, test=True, **args)
    assert (trial.result, trial.comment) == (True, would)
    outcome = box.run(f"ini.{fun}", file, **args)
    assert (outcome.result, outcome.changes, outcome.comment) == (True, {}, "No anomaly detected")


def test_value_that_no_file_can_hold_is_told(box: Box, file: str) -> None:
    outcome = box.run("ini.options_present", file, sections={"s1": {"k1": [1]}})
    assert outcome.result is False
    assert "the value of k1 must be text or a number" in outcome.comment
