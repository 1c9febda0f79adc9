"""The service runs beside the loop, knows accepted minions only, and lets them be targeted by what it made."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from master.pillar.opened import SealKey
from master.pillar.service import PillarService
from master.pillar.sources.gather import Sources
from master.roster import Roster
from shoal.errors import StoreError
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.failure import PillarError
from shoal.targets import Target


class SlowSource:
    """Waits until it is told to go on; remembers in which thread it was asked."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.threads: set[str] = set()

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        self.threads.add(threading.current_thread().name.partition("_")[0])
        assert self.go_on.wait(20)
        return {"slow": minion}


@pytest.fixture
def roster() -> Roster:
    roster = Roster({})
    roster.ensure("web-1", {"site": "paris"})
    roster.ensure("web-2", {"site": "rome"})
    return roster


@pytest.fixture
def service(tmp_path: Path, roster: Roster) -> Iterator[PillarService]:
    (tmp_path / "top.sls").write_text("base:\n  '*': [a]\n")
    (tmp_path / "a.sls").write_text("site: {{ tags.site }}\n")
    compiler = PillarCompiler({"base": (tmp_path,)}, Rules())
    service = PillarService(compiler, Sources([]), SealKey(tmp_path), roster)
    yield service
    service.close()


def test_pillar_is_made_from_what_the_roster_knows(service: PillarService, roster: Roster) -> None:
    assert asyncio.run(service.opened("web-1")) == {"site": "paris"}
    assert roster.resolve(Target(kind="pillar", expr="site:*")).ids == ("web-1",)
    roster.set_tags("web-1", {"site": "oslo"})
    assert asyncio.run(service.masked("web-1")) == {"site": "oslo"}


def test_pillar_of_an_environment_asked_for_is_not_matched(service: PillarService, roster: Roster) -> None:
    asyncio.run(service.merged("web-1", "base"))
    assert roster.resolve(Target(kind="pillar", expr="site:*")).ids == ()


def test_unknown_minion_has_none(service: PillarService) -> None:
    for ask in (service.merged, service.top):
        with pytest.raises(PillarError, match="there is no accepted minion of that id"):
            asyncio.run(ask("nobody"))


def test_slow_source_holds_up_neither_the_loop_nor_templates(service: PillarService) -> None:
    source = SlowSource()

    async def both() -> tuple[Any, Any]:
        service._sources._sources.append(((), source))
        slow = asyncio.create_task(service.merged("web-1"))
        while not source.threads:
            await asyncio.sleep(0)
        name = await service.beside(lambda: threading.current_thread().name)
        source.go_on.set()
        return name, await slow

    name, merged = asyncio.run(both())
    assert name.startswith("pillar")
    assert source.threads == {"ext"}
    assert merged.value == {"site": "paris", "slow": "web-1"}


def test_what_waits_is_bounded(service: PillarService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("master.pillar.service._MAX_WAITING", 0)
    with pytest.raises(StoreError, match="pillars are waited for already"):
        asyncio.run(service.merged("web-1"))
