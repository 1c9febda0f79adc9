"""`shoal-run survey.hash` and `survey.diff`: who answers the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.acceptance.at_work import EVERYONE, stopped
from tests.fleet import Fleet


def pools(fleet: Fleet, *words: str) -> list[Any]:
    return [one["pool"] for one in fleet.runner(*words)]


def test_equal_answers_are_one_pool(fleet: Fleet) -> None:
    (one,) = fleet.runner("survey.hash", "*", "test.arg", "16:10", "n=5")
    assert len(one.pop("hash")) == 64
    assert one == {"pool": EVERYONE, "result": {"args": ["16:10"], "kwargs": {"n": 5}}}


def test_largest_pool_comes_first_or_last(fleet: Fleet) -> None:
    words = ["survey.hash", "*", "grains.get", "role"]
    assert pools(fleet, *words) == [["web-1", "web-2"], ["db-1"]]
    assert pools(fleet, *words, "survey_sort=up") == [["db-1"], ["web-1", "web-2"]]
    assert pools(fleet, "survey.hash", "T@site:rome", "test.ping") == [["db-1"]]
    assert pools(fleet, "survey.hash", "web-*", "test.ping", "expr_form=glob") == [["web-1", "web-2"]]


def test_difference_is_from_the_largest_pool(fleet: Fleet) -> None:
    first, second = fleet.runner("survey.diff", "*", "grains.get", "role")
    assert (first["pool"], first["result"]) == (["web-1", "web-2"], "web")
    assert second["pool"] == ["db-1"] and "result" not in second
    assert second["diff"].splitlines()[-2:] == ["-web", "+db"]


def test_who_is_silent_is_told_apart(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        answered, silent = fleet.runner("survey.diff", "*", "test.ping", "timeout=0.5")
    assert (answered["pool"], answered["result"]) == (["web-1", "web-2"], True)
    assert (silent["pool"], silent["hash"]) == (["db-1"], "")
    assert silent["result"].startswith("Minion did not return. [Sent, not received")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["survey.hash", "none-*", "test.ping"], 2, "No minions matched the target."),
        (
            ["survey.hash", "*", "test.ping", "survey_sort=left"],
            64,
            "survey_sort='left': up or down expected",
        ),
        (["survey.hash", "*", "ping"], 64, "bad function name 'ping'"),
        (["survey.diff", "G@os", "test.ping"], 64, "grain target 'os' has no ':' in it"),
        (["survey.diff", "*"], 64, "survey.diff"),
    ],
)
def test_wrong_survey_is_refused(fleet: Fleet, words: list[str], code: int, text: str) -> None:
    done = fleet.program("shoal-run", *words, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert text in done.stderr and done.stderr.count("\n") == 1
