"""The pillar of a box whose master is played: all or nothing, kept for a start without one, told when it fails."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from minion.loop import Loop
from minion.pillar.errand import ErrandParts
from minion.pillar.keeper import PillarKeeper
from minion.pillar.kept import KeptPillar
from minion.questions import Questions
from pki.pillar import seal_pillar
from shoal.answer import PIECE_BYTES, pieces, refusal
from shoal.clock import FakeClock, FloorClock
from shoal.pillar.handed import GRAINS_FIRST, HandedPillar, PillarQuestion, read_packed
from shoal.wire import Fields, encode
from tests.unit.pki.fleet import NOW, Fleet

FLEET = Fleet()
BOX = "box1"
ERROR = "the master could not make this box's pillar: 1 error, the first in /srv/pillar/a.sls:2."
Forge = Callable[[HandedPillar], HandedPillar]


class Master:
    """Hands out a pillar, or says what is wrong."""

    def __init__(self) -> None:
        self.value: dict[str, Any] = {"role": "web"}
        self.error = ""
        self.knows = b"digest"  # of the box's grains
        self.forge: Forge | None = None
        self.silent = False
        self.breaks_off = False

    def sealed(self, question: PillarQuestion) -> bytes:
        env = {"env": question.pillarenv} if question.pillarenv else {}
        handed = HandedPillar(
            fleet=FLEET.id,
            to=BOX,
            nonce=question.nonce,
            issued=NOW,
            pillarenv=question.pillarenv,
            packed=encode(self.value | env),
        )
        return seal_pillar(self.forge(handed) if self.forge else handed, FLEET.master.sign, FLEET.certificate)

    def error_for(self, question: PillarQuestion) -> str:
        return GRAINS_FIRST if question.grains not in (b"", self.knows) else self.error


class Box:
    """A box's end of it; the file is real."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "pillar"
        self.master = Master()
        self.clock = FakeClock(NOW)
        self.anchor = FLEET.anchor()
        self.digest = b"digest"
        self.asked: list[PillarQuestion] = []
        self.changes = 0
        self.troubles: list[str] = []
        self.start()

    def start(self, *, online: bool = True) -> None:
        """Be a daemon that has just started."""
        self.loop = Loop(self.clock)
        self.questions = Questions(self.loop, self._send)
        parts = ErrandParts(
            loop=self.loop,
            clock=FloorClock(self.clock, NOW),
            anchor=self.anchor,
            questions=self.questions,
            minion=BOX,
            grains_digest=lambda: self.digest,
        )
        kept = KeptPillar(self.path)
        self.keeper = PillarKeeper(parts, kept, Random(1), self._changed, self.troubles.append)
        self.loaded = self.keeper.load()
        if online:
            self.connect()

    def connect(self) -> None:
        self.questions.connected()
        self.keeper.online()
        self.turn()

    def refresh(self) -> str:
        """Ask for a new pillar; return why there is none."""
        said: list[str] = []
        self.keeper.refresh(said.append)
        self.turn()
        (error,) = said
        return error

    def turn(self) -> None:
        for _ in range(20):
            self.loop.run_once(0)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.turn()

    @property
    def value(self) -> Mapping[str, Any]:
        return read_packed(self.keeper.packed)

    def _changed(self) -> None:
        self.changes += 1

    def _send(self, verb: str, body: Any) -> bool:
        assert verb == "pillar"
        fields = Fields(body, "question")
        number = fields.integer("n", 0, 2**53)
        question = PillarQuestion.from_fields(fields)
        self.asked.append(question)
        if not self.master.silent:
            self.loop.call_soon(lambda: self._answer(number, question))
        return True

    def _answer(self, number: int, question: PillarQuestion) -> None:
        error = self.master.error_for(question)
        if error:
            self.questions.answered(refusal(number, error))
            return
        for piece in pieces(number, self.master.sealed(question)):
            self.questions.answered(piece)
            if self.master.breaks_off:
                return


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_pillar_comes_when_the_box_first_comes_online_and_not_again(box: Box) -> None:
    assert (box.value, box.changes, len(box.asked)) == ({"role": "web"}, 1, 1)
    assert stat.S_IMODE(box.path.stat().st_mode) == 0o600
    box.questions.disconnected()
    box.connect()
    assert len(box.asked) == 1


def test_refresh_waits_for_the_new_one_and_equal_ones_change_nothing(box: Box) -> None:
    assert box.refresh() == ""
    assert box.changes == 1
    box.master.value = {"role": "db"}
    assert box.value == {"role": "web"}, "an edit reaches the box when it is told to look"
    assert box.refresh() == ""
    assert (box.value, box.changes) == ({"role": "db"}, 2)


def test_large_pillar_comes_in_pieces(box: Box) -> None:
    box.master.value = {"big": "x" * (3 * PIECE_BYTES)}
    assert box.refresh() == ""
    assert box.value == box.master.value


def test_wishes_that_come_meanwhile_share_one_that_is_made_after_them(box: Box) -> None:
    said: list[str] = []
    for _ in range(5):
        box.keeper.refresh(said.append)
    box.turn()
    assert said == [""] * 5
    assert len(box.asked) == 3, "that of the start, one for the first wish, and one for the others"
    assert len({question.nonce for question in box.asked}) == 3


def test_changed_tags_or_grains_bring_another_one_also_while_one_is_under_way(box: Box) -> None:
    box.keeper.stale()
    box.keeper.online()
    box.keeper.stale()
    box.turn()
    assert len(box.asked) == 3
    box.keeper.online()
    box.turn()
    assert len(box.asked) == 3, "the last one is as new as the change"


def test_failure_keeps_the_old_one_is_told_once_and_tried_again(box: Box) -> None:
    before = box.path.read_bytes()
    box.master.error = ERROR
    for _ in range(3):
        assert box.refresh() == ERROR
    assert box.value == {"role": "web"}
    assert box.path.read_bytes() == before
    assert box.troubles == [f"pillar failed, the one before is in use: {ERROR}"]
    box.master.error, box.master.value = "", {"role": "db"}
    box.pass_time(601)
    assert box.value == {"role": "db"}
    box.master.error = ERROR
    box.refresh()
    assert len(box.troubles) == 2, "it was good in between"


def test_grains_that_are_on_their_way_are_waited_for(box: Box) -> None:
    box.digest = b"newer"
    box.keeper.stale()
    box.keeper.online()
    box.turn()
    box.master.knows, box.master.value = b"newer", {"role": "db"}
    assert box.value == {"role": "web"}
    box.pass_time(0.6)
    assert box.value == {"role": "db"}
    assert box.troubles == []


def test_master_that_never_takes_the_grains_is_asked_for_what_it_has(box: Box) -> None:
    box.digest = b"too large for it"
    said: list[str] = []
    box.keeper.refresh(said.append)
    for _ in range(25):
        box.turn()
        box.pass_time(0.6)
    assert said == [""]
    assert box.asked[-1].grains == b""


def test_broken_connection_is_asked_again_with_another_nonce(box: Box) -> None:
    box.master.silent = True
    said: list[str] = []
    box.keeper.refresh(said.append)
    box.turn()
    box.questions.disconnected()
    box.master.silent, box.master.value = False, {"role": "db"}
    assert said == []
    box.connect()
    assert said == [""]
    assert box.asked[-1].nonce != box.asked[-2].nonce
    assert box.value == {"role": "db"}


def test_half_an_answer_is_forgotten_with_its_connection(box: Box) -> None:
    box.master.value, box.master.breaks_off = {"big": "x" * (2 * PIECE_BYTES)}, True
    said: list[str] = []
    box.keeper.refresh(said.append)
    box.turn()
    assert (said, box.value) == ([], {"role": "web"})
    box.questions.disconnected()
    box.master.breaks_off = False
    box.connect()
    assert said == [""]
    assert box.value == box.master.value


def test_without_a_master_nobody_waits(box: Box) -> None:
    box.questions.disconnected()
    assert box.refresh() == "there is no connection to the master"
    said: list[tuple[str, bytes]] = []
    box.keeper.fresh("", lambda *answer: said.append(answer))
    assert said == [("there is no connection to the master", b"")]


def test_one_that_is_only_looked_at_changes_nothing(box: Box) -> None:
    said: list[tuple[str, bytes]] = []
    box.keeper.fresh("dev", lambda *answer: said.append(answer))
    box.turn()
    ((error, packed),) = said
    assert (error, read_packed(packed)) == ("", {"role": "web", "env": "dev"})
    assert (box.value, box.changes) == ({"role": "web"}, 1)
    cancel = box.keeper.fresh("dev", lambda *answer: said.append(answer))
    cancel()
    box.turn()
    assert len(said) == 1


def test_kept_one_counts_after_a_start_without_a_master(box: Box) -> None:
    box.start(online=False)
    assert (box.loaded, box.value, box.changes) == (True, {"role": "web"}, 2)
    assert box.keeper.here == {}
    box.master.value = {"minion_blackout": True, "password": "hunter2"}
    box.connect()
    box.start(online=False)
    assert box.keeper.here == {"minion_blackout": True}, "the daemon looks at nothing else"


FORGERIES: list[tuple[Forge, str]] = [
    (lambda handed: replace(handed, to="box2"), "wrong minion"),
    (lambda handed: replace(handed, nonce=bytes(16)), "wrong nonce"),
    (lambda handed: replace(handed, fleet="f" * 32), "wrong fleet"),
    (lambda handed: replace(handed, issued=NOW + 4000), "issued in the future"),
    (lambda handed: replace(handed, packed=encode([1])), "pillar: a map expected"),
]


@pytest.mark.parametrize(("forge", "reason"), FORGERIES, ids=[reason for _, reason in FORGERIES])
def test_forged_answer_is_refused_and_told_and_the_old_one_stays(box: Box, forge: Forge, reason: str) -> None:
    box.master.value, box.master.forge = {"role": "evil"}, forge
    assert box.refresh().startswith(f"the master's pillar is refused: {reason}")
    assert box.value == {"role": "web"}
    assert len(box.troubles) == 1


def test_altered_file_is_not_believed_and_is_fetched_anew(box: Box) -> None:
    box.path.write_bytes(box.path.read_bytes().replace(b"web", b"wEb"))
    box.start(online=False)
    assert (box.loaded, box.value) == (False, {})
    assert box.troubles[0].startswith(f"the pillar in {box.path} is refused: bad signature")
    box.connect()
    assert box.value == {"role": "web"}


def test_file_that_others_could_read_is_private_again_and_told(box: Box) -> None:
    box.path.chmod(0o644)
    box.start(online=False)
    assert box.value == {"role": "web"}
    assert stat.S_IMODE(box.path.stat().st_mode) == 0o600
    assert box.troubles == [f"{box.path} could be read by others; it is 0600 again"]


@pytest.mark.parametrize("what", ["link", "pipe", "folder"])
def test_what_is_no_file_is_not_read_and_does_not_hang(box: Box, what: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    box.path.rename(elsewhere)
    if what == "link":
        box.path.symlink_to(elsewhere)
    elif what == "pipe":
        os.mkfifo(box.path)
    else:
        box.path.mkdir()
    box.start(online=False)
    assert box.value == {}


def test_link_is_replaced_not_followed(box: Box, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    box.path.unlink()
    box.path.symlink_to(victim)
    assert box.refresh() == ""
    assert victim.read_text() == "precious"
    assert stat.S_ISREG(box.path.lstat().st_mode)


def test_revoked_certificate_ends_it(box: Box) -> None:
    box.anchor.revoke(frozenset({1}))
    assert box.keeper.load() is False
    assert box.value == {}
    assert "certificate revoked" in box.troubles[0]


def test_disk_that_takes_nothing_costs_the_copy_and_not_the_pillar(box: Box, tmp_path: Path) -> None:
    (tmp_path / ".pillar.new").mkdir()
    box.master.value = {"role": "db"}
    assert box.refresh() == ""
    assert box.value == {"role": "db"}
    assert "is not kept in" in box.troubles[0]
    assert box.keeper.load() is True, "judged again, for other masters say"
    assert box.value == {"role": "db"}, "and not that of the disk"
    (tmp_path / ".pillar.new").rmdir()
    box.master.value = {"role": "web", "more": 1}
    assert box.refresh() == ""
    box.start(online=False)
    assert box.value == {"role": "web", "more": 1}


def test_file_that_has_gone_costs_the_pillar_in_use_nothing(box: Box) -> None:
    box.path.unlink()
    assert box.keeper.load() is False, "there is nothing to judge: another one is needed"
    assert box.value == {"role": "web"}
    box.keeper.online()
    box.turn()
    assert box.path.exists()
