"""Custom grains through a real executor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.integration.executor.rig import Rig
from tests.synced import custom_files


def test_executor_runs_the_files_and_tells_the_daemon(rig: Rig, tmp_path: Path) -> None:
    folder = tmp_path / "grains"
    folder.mkdir()
    (folder / "a.py").write_text(
        "import os\ndef x(grains):\n    return {'saw': grains['os'], 'own': os.getpid()}\n"
    )
    (folder / "b.py").write_text("def x():\n    1 / 0\n")
    told: list[tuple[dict[str, Any], tuple[str, ...]]] = []
    rig.client._on_grains = lambda grains, errors: told.append((grains, errors))
    rig.client.gather_grains(custom_files(folder), {"os": "Debian"})
    rig.until(lambda: told)
    grains, errors = told[0]
    assert (grains["saw"], grains["own"] != rig.pid) == ("Debian", True)
    assert errors == ("b.py: x failed: ZeroDivisionError: division by zero",)
    assert rig.value("test.ping") is True


def test_wish_waits_for_an_executor(cold: Rig, tmp_path: Path) -> None:
    folder = tmp_path / "grains"
    folder.mkdir()
    (folder / "a.py").write_text("def x():\n    return {'a': 1}\n")
    cold.up()
    told: list[dict[str, Any]] = []
    cold.client._on_grains = lambda grains, _errors: told.append(grains)
    cold.hang_up()
    cold.client.gather_grains(custom_files(folder), {})
    wanted = cold.client._wanted
    cold.up()
    cold.client._on_grains = lambda grains, _errors: told.append(grains)
    cold.client._wanted = wanted
    peer = cold.client._keeper.ready
    assert peer is not None
    cold.client.welcome(peer)
    cold.until(lambda: told)
    assert told == [{"a": 1}]
    assert cold.client._wanted is None
