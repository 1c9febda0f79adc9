"""What Salt 3008.3 prints of a state run, recorded, is what we print.

`salt_runs.json` holds real runs: what the states returned, without and with `test=True` (times made up, the work folder
called @DIR@), and Salt's text for several looks of them. `salt_looks.json` holds returns made by a generator and the
text that Salt's outputter made of them, times, colours and all: `opts` are keys of its configuration.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shoal.outputters import render
from shoal.state_look import StateLook

_HERE = Path(__file__).parent
_RUNS: list[dict[str, Any]] = json.loads((_HERE / "salt_runs.json").read_text("utf-8"))["cases"]
_LOOKS: list[dict[str, Any]] = json.loads((_HERE / "salt_looks.json").read_text("utf-8"))["cases"]
_VIEWS = [(case, view) for case in _RUNS for view in case["views"]]
_HIDDEN = (  # as in the recorded texts
    (re.compile(r"Started: \d\d:\d\d:\d\d\.\d{6}"), "Started: <time>"),
    (re.compile(r"Duration: [\d.]+ ms"), "Duration: <dur>"),
    (re.compile(r"Total run time: +[\d.]+ m?s"), "Total run time: <dur>"),
)


def _told(pair: tuple[dict[str, Any], dict[str, Any]]) -> str:
    case, view = pair
    marks = [mark for mark in ("verbose", "diff", "test") if view.get(mark)]
    return "-".join([case["name"], view["output"], *marks])


@pytest.mark.parametrize("pair", _VIEWS, ids=_told)
def test_run_looks_as_in_salt(pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    case, view = pair
    look = StateLook(output=view["output"], verbose=view["verbose"], output_diff=bool(view.get("diff")))
    shown = render({"local": case["test" if view.get("test") else "return"]}, "highstate", states=look) + "\n"
    for times, mark in _HIDDEN:
        shown = times.sub(mark, shown)
    assert shown == view["text"]


@pytest.mark.parametrize("number", range(len(_LOOKS)))
def test_look_is_the_one_of_salt(number: int) -> None:
    case = _LOOKS[number]
    opts = {name.removeprefix("state_"): value for name, value in case["opts"].items()}
    colour = opts.pop("color", False)
    look = StateLook(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in opts.items()}
    )
    assert render(case["data"], "highstate", colour=colour, states=look) == case["text"]


def test_all_recorded_cases_are_here() -> None:
    assert (len(_RUNS), len(_VIEWS), len(_LOOKS)) == (15, 105, 60)
    assert {view["output"].removesuffix("_id") for _, view in _VIEWS} == {
        "full",
        "terse",
        "mixed",
        "changes",
        "filter",
    }
