"""When the daemon looks at its grains again, and whom it tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minion import facts as facts_module
from minion.config import MinionConfig
from minion.executor.custom_file import CustomFile
from minion.facts import Facts, FactsKeeper
from minion.loop import Loop
from shoal.clock import FakeClock
from shoal.paths import Paths


class Box:
    """A box whose core grains are `core`; its files are real."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, **config: Any) -> None:
        self.core: dict[str, Any] = {"os": "Debian", "pid": 1}
        self.looks = 0
        self.changes: list[Facts] = []
        self.troubles: list[str] = []
        self.asked: list[dict[str, Any]] = []
        self.files: list[CustomFile] = []
        self.paths = Paths.for_minion(str(root))
        self.config = MinionConfig(id="box", master=("m1",), **config)
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        collect = facts_module.collect

        def fake(settings: Any, custom: Any = None) -> dict[str, Any]:
            self.looks += 1
            laid = collect(settings, custom={**self.core, **(custom or {})})
            wanted = {"os", "pid", "custom", "site", "saw"}
            return {name: value for name, value in laid.items() if name in wanted}

        monkeypatch.setattr(facts_module, "collect", fake)
        for each in (self.paths.cache_dir, self.paths.config_dir):
            each.mkdir(parents=True, exist_ok=True)
        self.start()

    def start(self) -> None:
        self.keeper = FactsKeeper(
            self.loop, self.paths, self.config, self.changes.append, self.troubles.append
        )
        self.keeper.custom_files = self.files
        self.keeper.gather = lambda _files, grains: self.asked.append(dict(grains))
        self.keeper.start()
        self.looks = 0

    @property
    def grains(self) -> dict[str, Any]:
        return self.keeper.facts.grains

    def add_file(self) -> None:
        self.files.append(CustomFile("a.py", Path("/x"), b""))

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.loop.run_once(0)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    return Box(tmp_path, monkeypatch)


def test_refresh_that_changes_nothing_tells_nobody(box: Box) -> None:
    box.core["pid"] = 2
    box.keeper.refresh()
    assert box.looks == 1
    assert box.changes == []
    assert box.grains["pid"] == 2


def test_change_is_told_with_what_was_before(box: Box) -> None:
    before = box.keeper.facts
    box.core["os"] = "Alpine"
    box.keeper.refresh()
    assert box.changes == [before]
    assert box.grains == {"os": "Alpine", "pid": 1, "id": "box", "master": "m1"}
    assert box.keeper.facts.digest != before.digest


def test_grains_file_is_read_again(box: Box) -> None:
    box.paths.grains_file.write_text("site: north\n")
    box.keeper.refresh()
    assert box.grains["site"] == "north"
    assert len(box.changes) == 1


def test_changed_address_is_a_reason_to_look_but_not_too_often(box: Box) -> None:
    box.keeper.addresses_changed()
    assert box.looks == 1
    for _ in range(5):
        box.pass_time(2)
        box.keeper.addresses_changed()
    assert box.looks == 1
    box.pass_time(21)
    assert box.looks == 2
    box.pass_time(600)
    assert box.looks == 2


def test_nothing_is_looked_at_without_a_reason(box: Box) -> None:
    box.pass_time(7 * 86_400)
    assert box.looks == 0
    assert box.loop.pending == 0


def test_operator_may_want_a_look_every_few_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(tmp_path, monkeypatch, grains_refresh_every=5)
    for _ in range(3):
        box.pass_time(300)
    assert box.looks == 3


def test_custom_grains_are_asked_for_and_told_when_they_come(box: Box) -> None:
    box.add_file()
    box.keeper.refresh()
    assert box.asked == [{"os": "Debian", "pid": 1, "id": "box", "master": "m1"}]
    assert box.changes == []
    box.keeper.gathered({"custom": 1, "os": "Mine"}, ())
    assert (box.grains["custom"], box.grains["os"]) == (1, "Mine")
    assert len(box.changes) == 1
    box.keeper.refresh()
    assert box.asked[1]["os"] == "Debian"
    box.keeper.gathered({"custom": 1, "os": "Mine"}, ())
    assert len(box.changes) == 1


def test_grains_file_goes_over_custom_grains_and_the_configuration_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Box(tmp_path, monkeypatch, grains={"site": "config"})
    box.paths.grains_file.write_text("custom: file\nsite: file\n")
    box.keeper.gathered({"custom": 1, "site": 1, "saw": 1}, ())
    assert (box.grains["custom"], box.grains["site"], box.grains["saw"]) == ("file", "config", 1)


def test_custom_grains_are_there_at_once_after_a_restart(box: Box) -> None:
    box.add_file()
    box.keeper.gathered({"custom": 1}, ())
    digest = box.keeper.facts.digest
    box.core["pid"] = 77
    box.start()
    assert box.keeper.facts.digest == digest
    assert len(box.asked) == 1
    assert box.paths.cache_dir.joinpath("custom_grains").stat().st_mode & 0o777 == 0o600


def test_custom_grains_go_with_their_last_file(box: Box) -> None:
    box.add_file()
    box.keeper.gathered({"custom": 1}, ())
    box.files.clear()
    box.keeper.refresh()
    assert "custom" not in box.grains
    assert list(box.paths.cache_dir.iterdir()) == []
    assert len(box.changes) == 2


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x01", b"\x81\xa1a", b"x" * 300_000])
def test_damaged_cache_is_none(box: Box, data: bytes) -> None:
    box.add_file()
    (box.paths.cache_dir / "custom_grains").write_bytes(data)
    box.start()
    assert box.grains == {"os": "Debian", "pid": 1, "id": "box", "master": "m1"}


def test_cache_that_cannot_be_written_costs_one_log_line(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.paths.cache_dir.rmdir()
    box.keeper.gathered({"custom": 1}, ())
    assert box.grains["custom"] == 1
    assert "custom grains are not kept" in caplog.text


def test_failing_file_is_told_once(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    box.add_file()
    box.keeper.gathered({"custom": 1}, ("a.py: x failed: Y", "b.py: z"))
    box.keeper.gathered({"custom": 1}, ("a.py: x failed: Y", "b.py: z"))
    assert box.troubles == ["custom grains: a.py: x failed: Y (and 1 more, see the log)"]
    assert caplog.text.count("a.py: x failed: Y") == 2
    box.keeper.gathered({"custom": 1}, ())
    box.keeper.gathered({"custom": 1}, ("a.py: x failed: Y",))
    assert box.troubles[1:] == ["custom grains: a.py: x failed: Y"]
    assert len(box.changes) == 1
