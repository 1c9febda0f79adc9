"""Minions that push what they must not, over real sockets (attack list 17): nothing lands outside their own folder."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.answer import DataAnswer
from shoal.files.digest import Digest
from shoal.files.piece import PUSH_BYTES, Arrived, Piece
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import RoguePeer

MIB = 1024 * 1024
DATA = b"pushed\n"
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def taking() -> Iterator[Arena]:
    """A master that takes files of up to 1 MiB, 2 MiB of each box, and a good minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(
            file_recv=True, file_recv_max_size=1, file_recv_quota_mib=2, file_recv_max_files=40
        )
        fleet.join(GOOD)
        yield Arena(fleet)


@pytest.fixture
def open_arena(taking: Arena) -> Iterator[Arena]:
    """The fleet; after the attack the good minion pushes as ever, and nobody has written elsewhere."""
    yield taking
    try:
        answer = taking.run(GOOD, "cp.push", "/etc/hostname")[GOOD]
        assert answer["ret"] is True, answer
        taking.still_well()
        assert {each.name for each in cache(taking).iterdir()} <= {"minions", "uploads", "gitfs"}
        for box in (cache(taking) / "minions").iterdir():
            assert {each.name for each in box.iterdir()} <= {"files", "parts"}
    finally:
        taking.dismiss()


def cache(arena: Arena) -> Path:
    return arena.fleet.master_root / "var/cache/shoal/master"


def piece(content: bytes = DATA, **changes: Any) -> dict[str, Any]:
    """Return a question about a whole small file; `changes` replace fields, even with what no minion would write."""
    made = Piece(name="etc/x", digest=Digest(content).final(), size=len(content), at=0, data=content)
    return {**made.to_wire(), "n": next(NUMBERS), **changes}


def push(peer: RoguePeer, body: dict[str, Any]) -> DataAnswer:
    peer.say("push", body)
    return DataAnswer.from_wire(peer.wait_for("answer"))


def files(arena: Arena, box: str) -> set[str]:
    top = cache(arena) / "minions" / box / "files"
    return {str(path.relative_to(top)) for path in top.rglob("*") if not path.is_dir()}


def test_nothing_is_taken_unless_the_master_is_told_to(arena: Arena) -> None:
    insider = arena.insider("pusher", reads=False)
    answer = push(insider, piece())
    assert "file_recv: True" in answer.error
    assert not (cache(arena) / "minions").exists()
    said = arena.run(GOOD, "cp.push", "/etc/hostname")[GOOD]
    assert (said["success"], "file_recv: True" in said["ret"]) == (False, True)


def test_good_push_is_listed_and_cleared(open_arena: Arena) -> None:
    answer = push(open_arena.insider("pusher", reads=False), piece())
    assert Arrived.from_wire(answer.data).whole
    assert open_arena.runner("cache.pushed")["pusher"] == {"etc/x": len(DATA)}
    assert open_arena.runner("cache.clear_pushed", "pusher") == {"pusher": 1}
    assert "pusher" not in open_arena.runner("cache.pushed")


@pytest.mark.parametrize(
    "name",
    [
        "../x", "../../../../../../etc/x", "/etc/x", "//x", "a/../../x", "a/./x", "./x", "a//x", ".", "..", "a/",
        "a\\..\\x", "a\0b", "a\nb", f"../{GOOD}/files/etc/x", "../../uploads/0/x", "x" * 300, "x/" * 300 + "x",
        "x" * 2000,
        "\u202eabc", "",
    ],
    ids=lambda name: repr(name)[:30],
)  # fmt: skip
def test_name_that_leads_out_is_refused(open_arena: Arena, name: str) -> None:
    insider = open_arena.insider("pusher", reads=False)
    assert push(insider, piece(name=name)).error
    assert files(open_arena, "pusher") == set()


def test_name_of_another_box_is_only_a_name(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    before = files(open_arena, GOOD)
    for name in (f"minions/{GOOD}/files/etc/x", f"{GOOD}/etc/x", "%2e%2e/x", "..x"):
        assert Arrived.from_wire(push(insider, piece(name=name)).data).whole
    assert files(open_arena, GOOD) == before
    open_arena.runner("cache.clear_pushed", "pusher")


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 2**62}, {"size": -1}, {"size": 3}, {"at": 2**62}, {"at": len(DATA)}, {"at": -1}, {"digest": b"short"},
        {"digest": "0" * 32}, {"data": "text"}, {"id": GOOD}, {"name": ["etc", "x"]}, {"data": None},
    ],
    ids=str,
)  # fmt: skip
def test_piece_that_makes_no_sense_is_refused(open_arena: Arena, changes: dict[str, Any]) -> None:
    insider = open_arena.insider("pusher", reads=False)
    with open_arena.counted("message refused: malformed"):
        assert push(insider, piece(**changes)).error
    assert files(open_arena, "pusher") == set()


def test_content_that_is_not_what_its_digest_says_is_thrown_away(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    assert "not what its digest says" in push(insider, piece(digest=bytes(32))).error
    assert files(open_arena, "pusher") == set()
    assert list((cache(open_arena) / "minions/pusher/parts").iterdir()) == []


def test_piece_over_the_limit_of_a_message_is_refused_unread(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    with open_arena.counted("message refused: malformed"):
        insider.say("push", piece(bytes(PUSH_BYTES + 16 * 1024)))


def test_file_over_the_limit_is_refused_before_its_bytes(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    for size in (MIB + 1, 2**40):
        assert "file_recv_max_size" in push(insider, piece(size=size)).error
    assert files(open_arena, "pusher") == set()


def test_quota_holds_for_this_box_alone(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    errors = []
    for number in range(20):
        data = bytes([number]) * PUSH_BYTES
        errors.append(push(insider, piece(data, name=f"f{number}")).error)
    assert errors[:16] == [""] * 16
    assert all("file_recv_quota_mib" in error for error in errors[16:])
    assert "file_recv_quota_mib" in push(insider, piece(size=MIB, name="part")).error
    other = open_arena.insider("other", reads=False)
    assert Arrived.from_wire(push(other, piece()).data).whole


def test_number_of_files_and_folders_is_bounded(open_arena: Arena) -> None:
    insider = open_arena.insider("many", reads=False)
    errors = [push(insider, piece(name=f"{number}/x")).error for number in range(30)]
    assert "file_recv_max_files" in errors[-1]
    assert len(files(open_arena, "many")) < 30


def test_links_in_the_folder_lead_nowhere(open_arena: Arena, tmp_path: Path) -> None:
    insider = open_arena.insider("linked", reads=False)
    top = cache(open_arena) / "minions/linked/files"
    top.mkdir(parents=True)
    (tmp_path / "kept").write_text("kept")
    (top / "out").symlink_to(tmp_path)
    (top / "file").symlink_to(tmp_path / "kept")
    assert "cannot be written on the master" in push(insider, piece(name="out/x")).error
    assert "cannot be written on the master" in push(insider, piece(name="out/sub/x")).error
    assert Arrived.from_wire(push(insider, piece(name="file")).data).whole
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_text() == "kept"
    assert (top / "file").read_bytes() == DATA
    assert open_arena.runner("cache.pushed")["linked"] == {"file": len(DATA)}


def test_flood_of_pieces_is_told_to_come_back(open_arena: Arena) -> None:
    insider = open_arena.insider("pusher", reads=False)
    body = piece(bytes(PUSH_BYTES), size=MIB, name="flood")
    for _ in range(60):
        insider.say("push", {**body, "n": next(NUMBERS)})
    assert open_arena.run(GOOD, "cp.push", "/etc/hostname")[GOOD]["ret"] is True
    kinds = {kind for kind, _ in insider.replies()}
    assert kinds <= {"answer", "busy", "want_facts"}


def test_boxs_old_folder_is_not_read_by_who_comes_after_it(open_arena: Arena) -> None:
    """A push tells nobody anything: what lies there has to be known to be answered as being there."""
    insider = open_arena.insider("first", reads=False)
    assert Arrived.from_wire(push(insider, piece()).data).whole
    open_arena.dismiss()
    second = open_arena.insider("first", reads=False)
    answer = push(second, piece(b"", digest=bytes(32), size=len(DATA)))
    assert Arrived.from_wire(answer.data) == Arrived(at=0)
