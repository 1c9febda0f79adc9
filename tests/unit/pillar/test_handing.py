"""What a box is handed: its own pillar, sealed for it and its question, or one line that says nothing of the files."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from master.pillar.handing import Handing
from master.pillar.opened import SealKey
from master.pillar.service import PillarService
from master.pillar.sources.gather import Sources
from master.roster import Roster
from pki.pillar import judge_pillar
from pki.sealing import seal
from shoal.errors import RenderError
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.handed import GRAINS_FIRST, PillarQuestion
from tests.unit.pki.fleet import NONCE, NOW, Fleet, refusal

FLEET = Fleet()
SECRET = "hunter2-is-no-good"
QUESTION = PillarQuestion(nonce=NONCE)


class Office:
    """A master's room over files in a folder, with two boxes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.roster = Roster({})
        for minion, site in (("web-1", "paris"), ("web-2", "rome")):
            self.roster.ensure(minion, {"site": site})
        self.key = SealKey(folder)
        roots = {"base": (folder / "base",), "dev": (folder / "dev",)}
        for (root,) in roots.values():
            root.mkdir()
            (root / "top.sls").write_text(f"{root.name}:\n  'web-1': [a]\n  'web-2': [b]\n")
            (root / "a.sls").write_text(f"own: {{{{ id }}}}\nenv: {root.name}\n")
            (root / "b.sls").write_text(f"password: {SECRET}\n")
        self.service = PillarService(PillarCompiler(roots, Rules()), Sources([]), self.key, self.roster)
        identity: Any = SimpleNamespace(
            fleet=FLEET.id, keys=FLEET.master, certificate_bytes=FLEET.certificate
        )
        self.handing = Handing(self.service, self.roster, identity, lambda: NOW)

    def write(self, text: str) -> None:
        (self.folder / "base/a.sls").write_text(text)

    def ask(self, minion: str = "web-1", question: PillarQuestion = QUESTION) -> bytes:
        return asyncio.run(self.handing.answer(minion, question))

    def value(self, minion: str = "web-1", question: PillarQuestion = QUESTION) -> dict[str, Any]:
        return judge_pillar(self.ask(minion, question), minion, question, FLEET.anchor(), NOW).value()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    office = Office(tmp_path)
    yield office
    office.service.close()


def test_box_is_handed_its_own_and_nobody_elses(office: Office) -> None:
    assert office.value() == {"own": "web-1", "env": "dev"}
    assert office.value("web-2") == {"password": SECRET}
    sealed = office.ask("web-2")
    assert refusal(judge_pillar, sealed, "web-1", QUESTION, FLEET.anchor(), NOW) == "wrong minion"


def test_environment_is_that_of_the_question(office: Office) -> None:
    question = PillarQuestion(nonce=NONCE, pillarenv="base")
    assert office.value("web-1", question) == {"own": "web-1", "env": "base"}


def test_sealed_values_are_open_for_the_box(office: Office) -> None:
    sealed = seal(office.key.public(), SECRET)
    office.write(f"password: !sealed {sealed}\n")
    assert office.value()["password"] == SECRET


def test_grains_are_waited_for_by_their_digest(office: Office) -> None:
    question = PillarQuestion(nonce=NONCE, grains=b"new")
    with pytest.raises(RenderError, match=f"^{GRAINS_FIRST}$"):
        office.ask("web-1", question)
    office.roster.set_grains("web-1", {"os": "Debian"}, b"new")
    office.write("os: {{ grains.os }}\n")
    assert office.value("web-1", question)["os"] == "Debian"


def test_error_is_one_line_for_the_box_and_one_for_the_log(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    office.write(f"password: {SECRET}\nx: {{{{ nope }}}}\n")
    with caplog.at_level(logging.DEBUG), pytest.raises(RenderError) as caught:
        office.ask()
    place = f"1 error, the first in {office.folder}/base/a.sls:2"
    assert str(caught.value) == (
        f"the master could not make this box's pillar: {place}."
        " On the master: shoal-run pillar.show_pillar web-1"
    )
    assert f"no pillar for web-1: {place}" in caplog.text
    assert SECRET not in caplog.text


def test_lost_key_is_told_without_its_place(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    sealed = seal(office.key.public(), SECRET)
    office.write(f"password: !sealed {sealed}\n")
    (office.folder / "pillar.key").unlink()
    office.key._key = None
    with caplog.at_level(logging.DEBUG), pytest.raises(RenderError) as caught:
        office.ask()
    assert str(office.folder) not in str(caught.value)
    assert "see its log" in str(caught.value)
    assert "pillar.key" in caplog.text


def test_box_that_is_not_known_is_handed_nothing(office: Office) -> None:
    with pytest.raises(RenderError, match="could not make this box's pillar"):
        office.ask("web-3")
