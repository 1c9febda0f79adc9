"""Types of returners: our own, a stranger's by entry point, and none at all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from returners.contract import ReturnerOptions
from returners.directory import kind_of, types
from shoal.errors import ConfigError

PLUGIN = """
from dataclasses import dataclass
from returners.contract import ReturnerOptions
from shoal.config.setting import setting

@dataclass(frozen=True, slots=True, kw_only=True)
class Options(ReturnerOptions):
    room: str = setting(doc="Where to shout")

class Shout:
    Options = Options
    def __init__(self, options): self.room = options.room
    def deliver(self, batch): pass
    def check(self): pass

class Bare:
    pass
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package beside Shoal that offers returners, one of them under a name of ours."""
    (tmp_path / "shout_returner.py").write_text(PLUGIN)
    info = tmp_path / "shout-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shout\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[shoal.returners]\nshout = shout_returner:Shout\nbare = shout_returner:Bare\n"
        "gone = no_such_module:Shout\nsql = shout_returner:Shout\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shout_returner", raising=False)


@pytest.mark.parametrize("name", ["jsonl", "memory", "sql", "webhook"])
def test_own_types_are_there(name: str) -> None:
    assert issubclass(kind_of(name).Options, ReturnerOptions)


def test_type_that_is_installed_beside_is_found(installed: None) -> None:
    kind = kind_of("shout")
    assert kind(kind.Options(type="shout", room="hall")).room == "hall"
    assert "shout" in types()


def test_own_name_is_not_taken_over(installed: None) -> None:
    assert kind_of("sql").Options.__module__ == "returners.sql"


def test_near_type_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^unknown type of returner 'jsnol'\. Did you mean 'jsonl'\?$"):
        kind_of("jsnol")


def test_type_that_cannot_be_loaded_says_why(installed: None) -> None:
    with pytest.raises(
        ConfigError, match=r"^the returner no_such_module:Shout cannot be loaded: ModuleNotFoundError"
    ):
        kind_of("gone")
    with pytest.raises(ConfigError, match=r"^the returner shout_returner:Bare has no class Options"):
        kind_of("bare")
