"""What Salt 3008.3 makes of templates and YAML, recorded, is what we make of them.

`salt_render.json` holds its answers to generated snippets. Those with `state.show_sls` are for the states' tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoal.errors import RenderError
from shoal.render.filters.machine import MACHINE_FILTERS
from shoal.render.functions import Functions, Known, pure_functions
from shoal.render.renderer import Renderer
from shoal.render.source import Source
from shoal.render.views import View

_BOOK: dict[str, Any] = json.loads((Path(__file__).parent / "salt_render.json").read_text())
_COMMON = _BOOK["common"]
_OPTS = {"id": "box", "file_client": "local", "test": False}
_CASES = [case for case in _BOOK["cases"] if case["call"] == "slsutil.renderer"]


def _render(case: dict[str, Any]) -> Any:
    def find(name: str) -> Source | None:
        text = case["files"].get(name)
        return None if text is None else Source(name=name, path=f"/srv/{name}", text=text, key=text.encode())

    views = {name: View(data) for name, data in (*_COMMON.items(), ("opts", _OPTS), ("tags", {}))}
    functions = pure_functions(Known(id=lambda: "box", **views))
    functions["cp.get_file_str"] = lambda url: case["files"][url.removeprefix("salt://")]
    functions["cmd.run_stdout"] = lambda command: command.removeprefix("printf ")
    renderer = Renderer(find, default=case.get("renderer", "jinja|yaml"), filters=MACHINE_FILTERS)
    source = find(case["path"].removeprefix("salt://"))
    assert source is not None
    return renderer.render(source, {**views, "salt": Functions(functions), "saltenv": "base"}).value


@pytest.mark.parametrize("case", _CASES, ids=lambda case: str(case["name"]))
def test_answer_is_the_one_of_salt(case: dict[str, Any]) -> None:
    if "error" in case["want"]:
        with pytest.raises(RenderError) as caught:
            _render(case)
        assert "\n" not in str(caught.value)
        assert "/srv/t.sls" in str(caught.value)
        return
    made = json.loads(json.dumps(_render(case)))
    assert made == case["want"]["data"]
    assert json.dumps(made, sort_keys=True) == json.dumps(
        case["want"]["data"], sort_keys=True
    )  # 1 is not True


def test_all_recorded_cases_are_here() -> None:
    assert len(_BOOK["cases"]) == 71
    assert len(_CASES) == 66
