"""What boxes push: below their own folder, within the limits, whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from master.receiving.limits import MIB, Limits, ReceivingError
from master.receiving.pushed import PushedFiles
from shoal.clock import FakeClock
from shoal.errors import WireError
from shoal.files.digest import Digest
from shoal.files.piece import Arrived, Piece

DATA = bytes(range(256)) * 10
Make = Callable[..., PushedFiles]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def make(tmp_path: Path, clock: FakeClock) -> Make:
    def made(**limits: Any) -> PushedFiles:
        return PushedFiles(tmp_path / "minions", Limits(**{"on": True, **limits}), clock.monotonic)

    return made


def piece(data: bytes = DATA, at: int = 0, length: int = -1, **changes: Any) -> Piece:
    known = {"name": "etc/x", "digest": Digest(data).final(), "size": len(data), "at": at}
    return Piece(**{**known, "data": data[at:][: length if length >= 0 else None], **changes})


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def test_file_has_its_name_when_it_is_whole_and_not_before(make: Make, tmp_path: Path) -> None:
    pushed, target = make(), tmp_path / "minions/box/files/etc/x"
    assert pushed.take("box", piece(length=1000)) == Arrived(at=1000)
    assert not target.exists()
    assert pushed.take("box", piece(at=1000)) == Arrived(at=len(DATA), whole=True)
    assert target.read_bytes() == DATA
    assert (target.stat().st_mode & 0o777, target.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert names(tmp_path) == {"minions/box/files/etc/x"}
    assert pushed.listed("box") == {"etc/x": len(DATA)}


def test_master_says_from_where_to_go_on(make: Make) -> None:
    make().take("box", piece(length=1000))
    after_restart = make()
    assert after_restart.take("box", piece(length=0)) == Arrived(at=1000)
    assert after_restart.take("box", piece(at=500, length=700)) == Arrived(at=1000), "a piece that came twice"
    assert after_restart.take("box", piece(at=2000)) == Arrived(at=1000), "a piece that is too early"
    assert after_restart.take("box", piece(at=1000)).whole


def test_last_piece_may_come_twice(make: Make) -> None:
    pushed = make()
    for _ in range(2):
        assert pushed.take("box", piece()).whole
    assert pushed.take("box", piece(at=1000)).whole, "the question was put again"


def test_empty_file_and_a_newer_one_in_its_place(make: Make, tmp_path: Path) -> None:
    pushed, target = make(), tmp_path / "minions/box/files/etc/x"
    assert pushed.take("box", piece(b"")).whole
    assert target.read_bytes() == b""
    assert pushed.take("box", piece(b"new")).whole
    assert target.read_bytes() == b"new"


def test_content_that_is_not_what_its_digest_says_is_thrown_away(make: Make, tmp_path: Path) -> None:
    pushed = make()
    with pytest.raises(WireError, match="not what its digest says"):
        pushed.take("box", piece(digest=bytes(32)))
    assert names(tmp_path) == set()


def test_nothing_is_taken_unless_it_is_switched_on(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ReceivingError, match="file_recv: True"):
        make(on=False).take("box", piece())
    assert not (tmp_path / "minions").exists()


def test_file_over_the_limit_is_refused_at_its_first_piece(make: Make, tmp_path: Path) -> None:
    with pytest.raises(ReceivingError, match="file_recv_max_size"):
        make(file_mib=1).take("box", piece(size=MIB + 1, length=0))
    assert not (tmp_path / "minions").exists()


def test_quota_is_of_all_a_box_has_parts_too(make: Make) -> None:
    pushed, half = make(box_mib=1), bytes(MIB // 2)
    assert pushed.take("box", piece(half, name="a")).whole
    assert pushed.take("box", piece(half, name="b", length=MIB // 2 - 1)).at == MIB // 2 - 1
    for _ in range(2):
        with pytest.raises(ReceivingError, match="file_recv_quota_mib"):
            pushed.take("box", piece(b"xx", name="c"))
    assert pushed.take("box", piece(half, name="b", at=MIB // 2 - 1)).whole
    assert pushed.take("other", piece(half, name="c")).whole, "it is the other box's own quota"


def test_all_boxes_together_have_a_limit(make: Make) -> None:
    pushed, half = make(all_mib=1), bytes(MIB // 2)
    for box in ("one", "two"):
        assert pushed.take(box, piece(half)).whole
    with pytest.raises(ReceivingError, match="file_recv_total_mib"):
        pushed.take("three", piece(b"x"))
    with pytest.raises(ReceivingError, match="file_recv_total_mib"):
        make(all_mib=1).take("three", piece(b"x"))  # a master that has just started counts what is there


def test_files_and_folders_of_a_box_are_counted(make: Make) -> None:
    pushed = make(entries=20)
    with pytest.raises(ReceivingError, match="file_recv_max_files"):
        for number in range(20):
            pushed.take("box", piece(name=f"a/{number}"))
    assert 10 < len(pushed.listed("box")) < 20
    with pytest.raises(ReceivingError, match="file_recv_max_files"):
        make(entries=20).take("deep", piece(name="/".join("abcdefghijklmnopqrst") + "/x"))
        make(entries=20).take("deep", piece(name="y"))


def test_replaced_files_do_not_add_up(make: Make) -> None:
    pushed = make(box_mib=1, entries=10)
    for number in range(40):
        assert pushed.take("box", piece(bytes([number]) * (MIB // 4))).whole


def test_operator_makes_room_by_hand_and_by_the_runner(make: Make, tmp_path: Path, clock: FakeClock) -> None:
    pushed, large = make(box_mib=1), bytes(MIB)
    assert pushed.take("box", piece(large, name="a")).whole
    (tmp_path / "minions/box/files/a").unlink()
    assert pushed.take("box", piece(large, name="b")).whole
    assert pushed.clear("box") == 1
    assert pushed.take("box", piece(large, name="c")).whole
    (tmp_path / "minions/box/files/c").unlink()
    with pytest.raises(ReceivingError):
        pushed.take("box", piece(large, name="d"))  # counted a moment ago: not again for each try
    clock.advance(11)
    assert pushed.take("box", piece(large, name="d")).whole


def test_part_that_nobody_went_on_with_goes(make: Make, tmp_path: Path) -> None:
    pushed = make(box_mib=1)
    pushed.take("box", piece(bytes(MIB), name="a", length=MIB // 2))
    (part,) = (tmp_path / "minions/box/parts").iterdir()
    os.utime(part, (1, 1))
    assert pushed.take("box", piece(bytes(MIB), name="b")).whole
    assert not part.exists()


@pytest.mark.parametrize(
    "planted", ["minions/box", "minions/box/files", "minions/box/files/etc", "minions/box/parts"]
)
def test_link_in_the_way_leads_nowhere(make: Make, tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / planted).parent.mkdir(parents=True)
    (tmp_path / planted).symlink_to(outside)
    with pytest.raises(ReceivingError, match="cannot be written on the master"):
        make().take("box", piece())
    assert names(outside) == set()


def test_link_in_the_files_own_place_is_replaced_not_followed(make: Make, tmp_path: Path) -> None:
    outside, target = tmp_path / "outside", tmp_path / "minions/box/files/etc/x"
    outside.write_text("mine")
    target.parent.mkdir(parents=True)
    target.symlink_to(outside)
    assert make().take("box", piece()).whole
    assert (outside.read_text(), target.is_symlink(), target.read_bytes()) == ("mine", False, DATA)


def test_part_that_is_a_link_is_refused(make: Make, tmp_path: Path) -> None:
    pushed, outside = make(), tmp_path / "outside"
    outside.write_bytes(b"")
    pushed.take("box", piece(length=1))
    (part,) = (tmp_path / "minions/box/parts").iterdir()
    part.unlink()
    part.symlink_to(outside)
    with pytest.raises(ReceivingError):
        pushed.take("box", piece())
    assert outside.read_bytes() == b""


def test_folder_where_a_file_is_and_the_other_way_round(make: Make, tmp_path: Path) -> None:
    pushed = make()
    pushed.take("box", piece(name="a/b"))
    for name in ("a", "a/b/c"):
        with pytest.raises(ReceivingError, match="cannot be written on the master"):
            pushed.take("box", piece(name=name))
    assert names(tmp_path) == {"minions/box/files/a/b"}, "no part is left of what can never be"


@pytest.mark.parametrize("name", ["", "/".join("x" * 66)])
def test_name_that_is_no_files_or_too_deep_is_refused(make: Make, name: str) -> None:
    with pytest.raises(WireError):
        make().take("box", piece(name=name))


def test_name_that_is_too_long_for_the_disk_is_refused(make: Make) -> None:
    with pytest.raises(ReceivingError, match="name too long"):
        make().take("box", piece(name="x" * 300))


def test_question_is_answered_in_the_boxs_own_folder(make: Make) -> None:
    pushed = make()
    assert Arrived.from_wire(asyncio.run(pushed.answer("box", piece()))).whole
    assert (pushed.listed("box"), pushed.listed("other")) == ({"etc/x": len(DATA)}, {})
    pushed.close()


def test_clearing_removes_links_and_leaves_what_they_lead_to(make: Make, tmp_path: Path) -> None:
    pushed = make()
    pushed.take("box", piece())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (tmp_path / "minions/box/files/link").symlink_to(outside)
    assert pushed.clear("box") == 2
    assert (pushed.listed("box"), names(outside)) == ({}, {"kept"})
