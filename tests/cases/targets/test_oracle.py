"""Every recorded answer of Salt 3008.3 is ours, too.

`salt_targets.json` are expressions made by a generator; `salt_asked.json` are questions that came up while the
matchers were written (odd paths, nodegroups without parentheses, `( )`), asked over the same minions.
`error` means that Salt logged an error: then an error is as good an answer.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoal.errors import TargetError
from shoal.targets import Facts, Target, compile_target

_HERE = Path(__file__).parent
_BOOK: dict[str, Any] = json.loads((_HERE / "salt_targets.json").read_text())
_ASKED: dict[str, Any] = json.loads((_HERE / "salt_asked.json").read_text())
_FACTS = [
    Facts(id=minion["id"], grains=minion["grains"], pillar=minion["pillar"]) for minion in _BOOK["minions"]
]
_CASES = [*_BOOK["cases"], *_ASKED["cases"]]


def _ids(case: dict[str, Any], *, lenient: bool) -> list[str] | TargetError:
    target = Target(kind=case["kind"], expr=case["expr"], delimiter=case.get("delimiter", ":"))
    try:
        matcher = compile_target(target, _BOOK["nodegroups"], lenient=lenient)
    except TargetError as error:
        return error
    return [facts.id for facts in _FACTS if matcher(facts)]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case['kind']} {case['expr']}"[:60])
def test_lenient_answer_is_the_one_of_salt(case: dict[str, Any]) -> None:
    ids = _ids(case, lenient=True)
    if isinstance(ids, TargetError):
        assert case.get("error") and not case["ids"], ids
    else:
        assert ids == case["ids"]


@pytest.mark.parametrize("case", _CASES, ids=lambda case: f"{case['kind']} {case['expr']}"[:60])
def test_strict_answer_is_the_one_of_salt_or_a_refusal_where_salt_logs_an_error(case: dict[str, Any]) -> None:
    ids = _ids(case, lenient=False)
    if isinstance(ids, TargetError):
        assert case.get("error"), ids
        assert "\n" not in str(ids)
    else:
        assert ids == case["ids"]


def test_all_recorded_cases_are_here() -> None:
    assert len(_BOOK["cases"]) == 500
    assert len(_ASKED["cases"]) == 419
