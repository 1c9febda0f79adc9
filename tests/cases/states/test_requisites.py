"""What Salt 3008.3 does with random graphs of states, recorded, is what we do: who runs, when, and with what result.

`salt_requisites.json` is data: SLS files and the outcome of a run and of a test run.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from states.engine.outcome import Outcome
from states.engine.problem import CompileError
from tests.unit.states.bench import box, graph_of, run_graph

_BOOK: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "salt_requisites.json").read_text())
_CLASSES: Final = {  # of errors, by the words in them; the first that fits
    "recursive": "recursive|cycle|circular",
    "duplicate_id": "duplicate|conflicting ID|already declared",
    "render": "rendering .*failed|jinja|yaml|undefined|syntax error",
    "missing_sls": "no matching sls|no such sls|sls .* is not available|not found",
    "missing_requisite": "no such (state|id|requisite)|not part of the high state|requisite .* not found",
}
# Salt 3008.3 runs a state whose `unless` says not to, if it has `onlyif` and `retry` too (docs/salt-differences.md).
_SALT_IS_WRONG: Final = {"req-0410": "test_|-plane_|-plane_|-succeed_with_changes"}


@pytest.mark.parametrize("mode", ["normal", "test"])
@pytest.mark.parametrize("case", _BOOK["cases"], ids=lambda case: str(case["id"]))
def test_graph_runs_as_in_salt(case: dict[str, Any], mode: str, tmp_path: Path) -> None:
    ctx = box(tmp_path, case["files"])
    want = case[mode]
    if "error" in want:
        with pytest.raises(CompileError) as caught:
            graph_of(ctx, case["sls"])
        texts = [str(problem) for problem in caught.value.problems]
        assert {_class(text) for text in texts} & set(want["error"]["classes"]), texts
        assert any(name in text for name in want["error"]["ids"] for text in texts), texts
        return
    made = run_graph(ctx, graph_of(ctx, case["sls"]), test=mode == "test")
    expected = sorted(want["states"].items(), key=lambda item: item[1]["order"])
    odd = _SALT_IS_WRONG.get(case["id"])
    assert [chunk.tag for chunk, _ in made] == [tag for tag, _ in expected]
    assert {chunk.tag: _told(outcome) for chunk, outcome in made if chunk.tag != odd} == {
        tag: (state["result"], state["ran"], state["changed"]) for tag, state in expected if tag != odd
    }


def _told(outcome: Outcome) -> tuple[bool | None, bool, bool]:
    return outcome.result, outcome.ran and not outcome.quiet, bool(outcome.changes)


def _class(text: str) -> str:
    found = (name for name, words in _CLASSES.items() if re.search(words, text, re.IGNORECASE))
    return next(found, "malformed")
