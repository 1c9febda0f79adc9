"""The file of `jsonl`: who may read it, where it may lie, how it turns over, what a broken write leaves."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from returners import jsonl
from returners.jsonl import JsonlOptions, JsonlReturner
from shoal.errors import TryAgainError
from tests.contracts.returners.samples import copy


def returner(path: Path, **options: Any) -> JsonlReturner:
    return JsonlReturner(JsonlOptions(type="jsonl", path=path, **options))


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        returner(tmp_path / "r").deliver((copy(),))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o600


def test_full_file_is_set_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "r"
    made = returner(path, rotate_bytes=1024, keep_files=2)
    for number in range(5):
        made.deliver((copy(f"web{number}", "x" * 700),))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["r", "r.1", "r.2"]
    assert (ids(path), ids(tmp_path / "r.1"), ids(tmp_path / "r.2")) == (["web4"], ["web3"], ["web2"])


def test_batch_that_is_larger_than_a_file_is_not_torn(tmp_path: Path) -> None:
    returner(tmp_path / "r", rotate_bytes=1024).deliver(tuple(copy(f"web{n}", "x" * 700) for n in range(3)))
    assert ids(tmp_path / "r") == ["web0", "web1", "web2"]


def test_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "r").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TryAgainError, match="is a symbolic link"):
        returner(tmp_path / "r").deliver((copy(),))
    assert not (tmp_path / "elsewhere").exists()


def test_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("kept\n")
    (tmp_path / "r").hardlink_to(tmp_path / "other")
    with pytest.raises(TryAgainError, match="second name"):
        returner(tmp_path / "r").deliver((copy(),))
    assert (tmp_path / "other").read_text() == "kept\n"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r")
    with pytest.raises(TryAgainError, match="is not a regular file"):
        returner(tmp_path / "r").deliver((copy(),))


def test_folder_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(TryAgainError, match="others may write to"):
        returner(tmp_path / "open/r").deliver((copy(),))


def test_line_that_a_power_cut_tore_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "r"
    path.write_text('{"jid":"2027')
    returner(path).deliver((copy("web1"),))
    assert path.read_text().splitlines()[0] == '{"jid":"2027'
    assert json.loads(path.read_text().splitlines()[1])["id"] == "web1"


def test_half_a_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r"
    made = returner(path)
    made.deliver((copy("web1"),))
    real, calls = os.write, []

    def full_disk(descriptor: int, data: memoryview) -> int:
        calls.append(len(data))
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return real(descriptor, data[:10])

    monkeypatch.setattr(jsonl.os, "write", full_disk)
    with pytest.raises(TryAgainError, match=r"cannot be written: No space left on device$"):
        made.deliver((copy("web2"),))
    monkeypatch.undo()
    made.deliver((copy("web3"),))
    assert ids(path) == ["web1", "web3"]


@pytest.mark.parametrize(("policy", "synced"), [("batch", True), ("never", False)])
def test_disk_is_waited_for_as_the_policy_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str, synced: bool
) -> None:
    calls: list[int] = []
    monkeypatch.setattr(jsonl.os, "fsync", calls.append)
    returner(tmp_path / "r", fsync=policy).deliver((copy(),))
    assert bool(calls) is synced
