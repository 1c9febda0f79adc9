"""What grains say of boards whose trees were typed from published ones (see README.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from minion.grains import collect
from shoal.wire import decode, encode
from tests.unit.grains import recorded

BOARDS = sorted((Path(__file__).parent / "boards").glob("*.yaml"))
TOLD = {"board", "soc", "model", "serialnumber", "gpu"}


def grains_of(case: dict[str, Any], root: Path) -> dict[str, Any]:
    return collect({"id": "box", "grains_file": str(root / "none")}, recorded.build(case, root))


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_board_is_told(path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    case = yaml.safe_load(path.read_text())
    assert case["grains"].keys() >= TOLD
    grains = grains_of(case, tmp_path)
    assert {name: grains.get(name, "absent") for name in case["grains"]} == case["grains"]
    assert decode(encode(grains), 1_000_000) == grains
    assert caplog.text == ""


def test_there_are_boards_of_every_kind() -> None:
    names = " ".join(path.stem for path in BOARDS)
    kinds = ("raspberry_pi", "jetson", "rock", "odroid", "beaglebone", "imx8", "nuc", "amd", "vm")
    assert len(BOARDS) >= 15
    assert [kind for kind in kinds if kind not in names] == []


def test_serial_number_of_noughts_is_none(tmp_path: Path) -> None:
    files = {
        "proc/device-tree/model": "Some board\0",
        "proc/cpuinfo": "processor : 0\n\nSerial : 0000000000000000\n",
    }
    assert "serialnumber" not in grains_of({"files": files}, tmp_path)


def test_tree_that_is_deep_is_not_searched_for_ever(tmp_path: Path) -> None:
    path = "proc/device-tree/" + "bus@0/" * 5 + "gpu@1/compatible"
    assert "gpu" not in grains_of({"files": {path: "arm,mali-400\0"}}, tmp_path)
