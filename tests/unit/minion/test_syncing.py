"""Synced files of a box whose master is played: nothing counts before all is there, and what is wrong is told."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from minion.files.cache import FileCache
from minion.files.fetcher import Fetcher
from minion.loop import Loop
from minion.questions import Questions
from minion.synced.shelf import Shelf
from minion.synced.start import StartSync
from minion.synced.syncing import Changed, Syncing, SyncParts
from pki.manifest import seal_manifest
from shoal.clock import FakeClock, FloorClock
from shoal.files.digest import Digest
from shoal.files.messages import Answer, Question
from shoal.policy import Policy
from shoal.synced import KINDS, Manifest, SyncedFile
from tests.unit.pki.fleet import NOW, Fleet

FLEET = Fleet()
CODE = {"hello": b"one", "other": b"two"}


class Master:
    """Has files by kind and name, and a time."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {("modules", name): code for name, code in CODE.items()}
        self.issued = NOW
        self.error = ""
        self.forged = b""

    def answer(self, question: Question) -> Answer:
        if question.op == "manifest":
            data = self.forged or self.manifest(question.env)
            return Answer(n=question.n, error=self.error, data=b"" if self.error else data)
        contents = {Digest(data).final(): data for data in self.files.values()}
        if any(part.digest not in contents for part in question.parts):
            return Answer(n=question.n, error="changed: not any more")
        data = b"".join(contents[part.digest][part.at : part.at + part.length] for part in question.parts)
        return Answer(n=question.n, data=data)

    def manifest(self, env: str = "base") -> bytes:
        files = tuple(
            SyncedFile(kind=kind, name=name, digest=Digest(data).final(), size=len(data))
            for (kind, name), data in sorted(self.files.items())
        )
        made = Manifest(fleet=FLEET.id, env=env, issued=self.issued, files=files)
        return seal_manifest(made, FLEET.master.sign, FLEET.certificate)


class Box:
    """A box's end of it; files are real."""

    def __init__(self, folder: Path, master: Master) -> None:
        self.folder = folder
        self.master = master
        self.clock = FakeClock(NOW)
        self.anchor = FLEET.anchor()
        self.asked: list[Question] = []
        self.changes: list[Sequence[str]] = []
        self.troubles: list[str] = []
        self.answers: list[tuple[str, Changed]] = []
        self.start()

    def start(self) -> None:
        """Be a daemon that has just started."""
        self.loop = Loop(self.clock)
        self.questions = Questions(self.loop, self._send)
        cache = FileCache(self.folder / "files", 10**9)
        self.shelf = Shelf(self.folder / "synced")
        self.syncing = Syncing(
            SyncParts(
                loop=self.loop,
                clock=FloorClock(self.clock, NOW),
                shelf=self.shelf,
                anchor=self.anchor,
                questions=self.questions,
                fetcher=Fetcher(self.loop, cache, self.questions),
                cache=cache,
                on_change=self.changes.append,
                on_trouble=self.troubles.append,
            )
        )
        self.syncing.load()
        self.questions.connected()

    def _send(self, _verb: str, body: Any) -> bool:
        question = Question.from_wire(body)
        self.asked.append(question)
        self.loop.call_soon(lambda: self.questions.answered(self.master.answer(question)))
        return True

    def sync(self, *kinds: str, env: str = "base") -> tuple[str, Changed]:
        count = len(self.answers)
        self.syncing.sync(kinds or KINDS, env, lambda *answer: self.answers.append(answer))
        self.turn()
        assert len(self.answers) == count + 1
        return self.answers[-1]

    def turn(self) -> None:
        for _ in range(60):
            self.loop.run_once(0)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.turn()

    @property
    def names(self) -> list[str]:
        """What lies in the folder of modules."""
        return sorted(path.name for path in (self.folder / "synced/modules").glob("*"))

    def loads(self, kind: str = "modules") -> dict[str, bytes]:
        """What loaders are told, and find."""
        return {each.name: self.shelf.path(each).read_bytes() for each in self.syncing.held.files(kind)}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path, Master())


def test_files_come_and_change_and_go(box: Box) -> None:
    error, changed = box.sync("modules", "grains")
    assert (error, changed) == ("", {"modules": ["modules.hello", "modules.other"], "grains": []})
    assert box.loads() == CODE
    assert box.changes == [["modules"]]
    assert stat.S_IMODE(box.shelf.folder("modules").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in box.folder.glob("synced/**/*.py")} == {0o600}
    assert stat.S_IMODE((box.folder / "synced/modules.manifest").stat().st_mode) == 0o600
    assert not (box.folder / "synced/grains.manifest").exists(), "there is nothing to say of them"
    del box.master.files["modules", "other"]
    box.master.files["modules", "hello"] = b"changed"
    assert box.sync("modules") == ("", {"modules": ["modules.hello", "modules.other (removed)"]})
    assert box.loads() == {"hello": b"changed"}
    assert box.sync("modules") == ("", {"modules": []})
    assert len(box.changes) == 2
    assert box.troubles == []


def test_old_files_stay_for_a_minute_and_are_swept_then(box: Box) -> None:
    box.sync()
    box.master.files = {("modules", "hello"): b"changed"}
    box.sync()
    assert len(box.names) == 3
    box.pass_time(61)
    assert len(box.names) == 1
    assert box.loads() == {"hello": b"changed"}


def test_other_kinds_and_their_manifest_stay_as_they_are(box: Box) -> None:
    box.master.files["grains", "a"] = b"one"
    box.sync()
    box.master.files["grains", "a"] = box.master.files["modules", "hello"] = b"changed"
    box.sync("modules")
    assert box.loads("grains") == {"a": b"one"}
    box.start()
    assert box.loads("grains") == {"a": b"one"}
    assert box.loads()["hello"] == b"changed"


def test_what_is_held_counts_again_after_a_start(box: Box) -> None:
    box.sync()
    box.changes.clear()
    box.start()
    assert box.loads() == CODE
    assert box.changes == [["modules"]]
    assert box.troubles == []


@pytest.mark.parametrize(
    ("older", "kinds"), [(0.001, ("modules",)), (3600.0, ("modules",)), (1.0, ("grains", "states"))]
)
def test_older_manifest_is_refused_also_after_a_start_and_for_other_kinds(
    box: Box, older: float, kinds: tuple[str, ...]
) -> None:
    box.sync()
    box.master.issued -= older
    box.master.files = {("modules", "hello"): b"old", ("grains", "g"): b"old"}
    for _ in range(2):
        error, changed = box.sync(*kinds)
        assert ("is refused: older version" in error, changed) == (True, {})
        box.start()
    assert box.loads() == CODE
    assert "is refused: older version" in box.troubles[0]


def test_manifest_under_a_revoked_certificate_counts_no_more_and_holds_nothing_up(box: Box) -> None:
    box.master.issued += 100  # the thief's clock was ahead
    box.sync()
    box.anchor.revoke([1])
    box.syncing.load()
    assert box.loads() == {}
    assert box.changes[-1] == ["modules"]
    assert (
        "manifest of synced modules is refused, none of them is loaded: certificate revoked"
        in box.troubles[0]
    )
    fresh = Manifest(fleet=FLEET.id, env="base", issued=NOW)
    box.master.forged = seal_manifest(fresh, FLEET.master.sign, FLEET.certify(serial=2))
    assert box.sync("modules")[0] == ""


def test_certificate_that_is_revoked_while_files_come_ends_the_sync(box: Box) -> None:
    answer = box.master.answer

    def revoke_then(question: Question) -> Answer:
        if question.op == "read":
            box.anchor.revoke([1])
        return answer(question)

    box.master.answer = revoke_then  # type: ignore[method-assign]
    error, changed = box.sync()
    assert ("is refused: certificate revoked" in error, changed) == (True, {})
    assert box.loads() == {}
    assert box.changes == []


@pytest.mark.parametrize("damage", [b"", b"\xc1", b"x" * 500_000])
def test_manifest_that_is_damaged_on_the_disk_is_told_and_mended_by_a_sync(box: Box, damage: bytes) -> None:
    box.sync()
    (box.folder / "synced/modules.manifest").write_bytes(damage)
    box.start()
    assert box.loads() == {}
    assert any("manifest of synced modules is refused" in line for line in box.troubles) or not damage
    assert box.sync("modules") == ("", {"modules": ["modules.hello", "modules.other"]})
    assert box.loads() == CODE


def test_damaged_file_is_told_once_mended_by_a_sync_and_told_again(box: Box) -> None:
    box.sync()
    file = box.shelf.path(box.syncing.held.files("modules")[0])
    for times in (1, 2):
        file.write_bytes(b"altered")
        box.syncing.look()
        box.syncing.look()
        box.syncing.tell(box.troubles[-1])  # as a job does that met it
        assert [str(file) in line for line in box.troubles] == [True] * times
        assert box.sync("modules") == ("", {"modules": ["modules.hello"]})
        assert box.loads() == CODE


def test_files_that_nobody_synced_are_told_once_and_left(box: Box) -> None:
    box.sync()
    folder = box.shelf.folder("modules")
    strangers = [folder / name for name in ("evil.py", "evil.0123456789abcdef.py", "note", ".x.new")]
    for path in strangers:
        path.write_text("evil")
    box.start()
    box.sync()
    box.pass_time(61)
    assert sorted(line.split()[0] for line in box.troubles) == sorted(map(str, strangers))
    assert all(path.exists() for path in strangers)
    assert box.loads() == CODE


def test_what_a_power_cut_left_of_a_sync_is_not_told_and_is_swept(box: Box) -> None:
    box.sync()
    new = SyncedFile(kind="modules", name="new", digest=Digest(b"new").final(), size=3)
    box.shelf.put(new, b"new")
    (box.shelf.folder("modules") / f".{box.shelf.path(new).name}.new").write_bytes(b"n")
    box.start()
    assert box.loads() == CODE
    assert len(box.names) == 4
    box.pass_time(61)
    assert len(box.names) == 2
    assert (box.loads(), box.troubles) == (CODE, [])


def test_file_that_changes_while_it_is_fetched_leaves_all_as_it_was(box: Box) -> None:
    box.sync()
    held = box.master.manifest()
    box.master.files["modules", "hello"] = b"changed"
    box.master.forged = box.master.manifest()
    box.master.files["modules", "hello"] = b"changed again"
    error, changed = box.sync()
    assert ("cannot be fetched: changed" in error, changed) == (True, {})
    assert box.loads() == CODE
    assert (box.folder / "synced/modules.manifest").read_bytes() == held


@pytest.mark.parametrize("place", ["modules", "modules.manifest"])
def test_shelf_that_cannot_be_written_is_said_and_changes_nothing(box: Box, place: str) -> None:
    (box.folder / "synced").mkdir()
    if place == "modules":
        (box.folder / "synced/modules").write_text("in the way")
    else:
        (box.folder / "synced/modules.manifest").mkdir()
    error, _ = box.sync("modules")
    assert "cannot be written" in error or "cannot be kept" in error
    assert box.loads() == {}
    assert box.changes == []


def test_master_that_has_none_is_passed_on(box: Box) -> None:
    box.master.error = "more than 500 files"
    assert box.sync() == ("the master has no manifest: more than 500 files", {})
    assert box.troubles == []


def test_wishes_are_served_one_after_the_other_and_are_bounded(box: Box) -> None:
    said: list[str] = []
    for number in range(25):
        box.syncing.sync(KINDS, "base", lambda error, _changed, number=number: said.append(error))  # type: ignore[misc]
    for _ in range(10):
        box.turn()
    assert len(said) == 25
    assert sum("wait already" in error for error in said) == 5
    assert sum(question.op == "manifest" for question in box.asked) == 20
    assert box.loads() == CODE


def test_wish_from_within_an_answer_is_served(box: Box) -> None:
    box.syncing.sync(
        KINDS, "base", lambda *_: box.syncing.sync(KINDS, "base", lambda *a: box.answers.append(a))
    )
    box.turn()
    box.turn()
    assert [error for error, _ in box.answers] == [""]


def test_connection_that_breaks_while_it_is_asked_delays_a_sync_only(box: Box) -> None:
    box.questions.disconnected()
    box.syncing.sync(KINDS, "base", lambda *answer: box.answers.append(answer))
    box.turn()
    assert box.answers == []
    box.questions.connected()
    box.turn()
    assert box.loads() == CODE


def test_start_syncs_once_and_again_until_it_has_worked(box: Box) -> None:
    start = StartSync(box.syncing, Policy())
    box.master.error = "its disk is away"
    for _ in range(2):
        start.online()
        box.turn()
    assert len(box.asked) == 2
    box.master.error = ""
    for _ in range(3):
        start.online()
        box.turn()
    assert sum(question.op == "manifest" for question in box.asked) == 3
    assert box.loads() == CODE


def test_box_syncs_anew_when_what_it_holds_was_revoked(box: Box) -> None:
    start = StartSync(box.syncing, Policy())
    start.online()
    box.turn()
    assert box.syncing.load()
    box.anchor.revoke([1])
    assert not box.syncing.load()
    box.master.forged = seal_manifest(
        Manifest(fleet=FLEET.id, env="base", issued=NOW), FLEET.master.sign, FLEET.certify(serial=2)
    )
    start.again()
    start.online()
    box.turn()
    assert sum(question.op == "manifest" for question in box.asked) == 2


def test_start_keeps_each_kind_in_its_environment(box: Box) -> None:
    box.sync("modules", env="dev")
    box.start()
    box.asked.clear()
    StartSync(box.syncing, Policy()).online()
    box.turn()
    assert sorted(question.env for question in box.asked if question.op == "manifest") == ["base", "dev"]
    assert box.syncing.held.manifests["modules"].env == "dev"
    assert box.syncing.held.manifests.keys() == {"modules"}


@pytest.mark.parametrize(
    "policy",
    [Policy(disabled_modules=frozenset({"saltutil"})), Policy(disabled_functions=("saltutil.sync_*",)),
     Policy(allowed_functions=("test.*",))],
)  # fmt: skip
def test_box_that_does_not_allow_a_sync_does_not_start_with_one(box: Box, policy: Policy) -> None:
    StartSync(box.syncing, policy).online()
    box.turn()
    assert box.asked == []
