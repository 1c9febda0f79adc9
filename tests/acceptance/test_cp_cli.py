"""`shoal-cp`, over real sockets: files of the master's host on the boxes they are for, and on no others."""

from __future__ import annotations

import json
import os
import pwd
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest

from shoal.files.digest import Digest
from shoal.files.messages import Answer, Part, Question
from tests.acceptance.attacks.arena import Arena
from tests.acceptance.attacks.test_acl import _interpreter as interpreter
from tests.acceptance.attacks.test_acl import _run_as as run_as
from tests.fleet import TREE, Fleet, short_folder, until

START = "import sys; from master.cli.cp import main; sys.exit(main())"
LARGE = 100 * 1024 * 1024
MIB = 1024 * 1024
SPENT_MIB = 48  # less than half of LARGE

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Two boxes that are there and one that is not; `daemon` may copy to one folder of theirs, `nobody` ping."""
    with short_folder() as folder, Fleet(folder) as fleet:
        folder.chmod(0o711)
        (folder / "allowed").mkdir()
        rule = {"cp.recv": {"args": ["", "", f"{folder}/allowed/.*"]}}
        fleet.start_master(publisher_acl={"daemon": [{"box-*": [rule]}], "nobody": ["test.ping"]})
        fleet.join("box-1")
        fleet.join("box-2")
        fleet.join("away").stop()
        until("away to be gone", lambda: "away" not in fleet.ask("manage.up"))
        yield fleet


@pytest.fixture
def here(fleet: Fleet) -> Path:
    """A folder with a few sources."""
    folder = fleet.folder / f"here-{token_hex(3)}"
    (folder / "conf/sub/empty").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "conf/b").write_text("b")
    (folder / "conf/sub/c.sh").write_text("c")
    (folder / "conf/sub/c.sh").chmod(0o750)
    (folder / "conf/link").symlink_to("b")
    (folder / "conf/out").symlink_to("../a")
    (folder / "conf/up").symlink_to("..")
    return folder


@pytest.fixture
def there(fleet: Fleet) -> Path:
    folder = fleet.folder / f"there-{token_hex(3)}"
    folder.mkdir()
    return folder


def cp(fleet: Fleet, *words: object, uid: int = 0, limit_mib: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the program, as a user, with at most so much memory of its own."""
    argv = [
        interpreter() if uid else sys.executable,
        "-c",
        START,
        "--root",
        str(fleet.master_root),
        *map(str, words),
    ]
    if uid:
        return run_as(uid, argv)

    def bounded() -> None:
        if limit_mib:
            resource.setrlimit(resource.RLIMIT_DATA, (limit_mib * MIB, limit_mib * MIB))

    return subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=120, cwd=TREE, preexec_fn=bounded
    )  # fmt: skip


def values(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    decoder, text = json.JSONDecoder(), done.stdout.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found |= value
        text = text[end:].strip()
    return found


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def uploads(fleet: Fleet, uid: int = 0) -> list[Path]:
    top = fleet.master_root / f"var/cache/shoal/master/uploads/{uid}"
    return [path for path in top.rglob("*") if path.is_file()]


def test_one_file_becomes_dest_on_each_box(fleet: Fleet, here: Path, there: Path) -> None:
    (here / "a").chmod(0o640)
    done = cp(fleet, "-L", "box-1,box-2", here / "a", there / "new", "--out=json")
    assert done.returncode == 0, done.stderr
    assert values(done) == {"box-1": {f"{there}/new": True}, "box-2": {f"{there}/new": True}}
    assert (there / "new").read_text() == "a"
    assert stat.S_IMODE((there / "new").stat().st_mode) == 0o640
    until("the master to have dropped it", lambda: uploads(fleet) == [])


def test_files_and_folders_go_into_a_folder(fleet: Fleet, here: Path, there: Path) -> None:
    done = cp(fleet, "-C", "-n", "box-1", here / "a", here / "conf", there, "--out=json")
    assert done.returncode == 0, done.stderr
    wanted = {"a", "conf", "conf/b", "conf/link", "conf/sub", "conf/sub/c.sh", "conf/sub/empty"}
    assert tree(there) == wanted
    assert "conf/out leads out" in done.stderr
    assert (there / "conf/link").read_text() == "b"
    assert not (there / "conf/link").is_symlink(), "what it leads to was copied"
    assert stat.S_IMODE((there / "conf/sub/c.sh").stat().st_mode) == 0o750
    shown = values(done)["box-1"]
    assert shown == {f"{there}/{name}": True for name in ("a", "conf/b", "conf/link", "conf/sub/c.sh")}
    again = cp(fleet, "box-1", here / "a", f"{there}/made/too/")
    assert (again.returncode, (there / "made/too/a").read_text()) == (0, "a")


def test_dest_that_will_not_do_is_told_by_the_box(fleet: Fleet, here: Path, there: Path) -> None:
    (there / "pipe").mkdir()
    for dest, why in (
        (there / "none", "several files need"), ("relative", "not absolute"), ("/proc/none/", "cannot be written"),
    ):  # fmt: skip
        done = cp(fleet, "box-1", here / "a", here / "conf", dest)
        assert (done.returncode, why in done.stdout) == (1, True), done.stdout
    done = cp(fleet, "box-1", here / "a", there / "none/x")
    assert (done.returncode, "No such file or directory" in done.stdout) == (1, True)
    assert tree(there) == {"pipe"}


def test_box_that_is_away_is_reported_and_the_others_get_it(fleet: Fleet, here: Path, there: Path) -> None:
    done = cp(fleet, "*", here / "a", there / "x", "--out=json")
    assert done.returncode == 1
    said = values(done)
    assert said["box-1"] == said["box-2"] == {f"{there}/x": True}
    assert "away" in said
    assert said["away"] != {f"{there}/x": True}
    none = cp(fleet, "nothing-*", here / "a", there / "y")
    assert (none.returncode, "No minions matched" in none.stdout) == (2, True)


def test_source_that_cannot_be_read_stops_before_anything_is_sent(
    fleet: Fleet, here: Path, there: Path
) -> None:
    os.mkfifo(here / "pipe")
    (here / "other").mkdir()
    (here / "other/a").write_text("another a")
    before = len(fleet.ask("jobs.list_jobs"))
    for source, why in (
        (here / "none", "No such file"),
        (here / "pipe", "no regular file"),
        (here / "other/a", "same name"),
    ):
        done = cp(fleet, "box-1", here / "a", source, there)
        assert (done.returncode, why in done.stderr) == (64, True), done.stderr
    for words in (["box-1"], ["box-1", here / "a"], []):
        assert cp(fleet, *words).returncode == 64
    assert len(fleet.ask("jobs.list_jobs")) == before
    assert tree(there) == set()


def test_large_file_passes_through_no_memory_whole(fleet: Fleet, here: Path, there: Path) -> None:
    with (here / "large").open("wb") as file:
        for number in range(LARGE // MIB):
            file.write(number.to_bytes(4, "big") * (MIB // 4))
    assert fleet.master is not None
    daemons = {"master": fleet.master.pid, "box": fleet.minions["box-1"].pid}
    before = {name: peak_mib(pid) for name, pid in daemons.items()}
    done = cp(fleet, "box-1", here / "large", there / "large", "-t", 60, limit_mib=SPENT_MIB)
    assert done.returncode == 0, done.stdout + done.stderr
    grown = {name: peak_mib(pid) - before[name] for name, pid in daemons.items()}
    assert max(grown.values()) < SPENT_MIB, grown
    assert (there / "large").stat().st_size == LARGE
    assert subprocess.run(["cmp", here / "large", there / "large"], check=False).returncode == 0
    (there / "large").unlink()
    (here / "large").unlink()


def peak_mib(pid: int) -> float:
    found = next(
        line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(found.split()[1]) / 1024


@needs_root
def test_user_who_may_not_copy_brings_nothing(fleet: Fleet, here: Path, there: Path) -> None:
    here.chmod(0o755)
    nobody = pwd.getpwnam("nobody").pw_uid
    done = cp(fleet, "box-1", here / "a", there / "x", uid=nobody)
    assert (done.returncode, "may not run cp.recv" in done.stderr) == (77, True), done.stderr
    assert (tree(there), uploads(fleet, nobody)) == (set(), [])


@needs_root
def test_user_copies_what_they_may_read_to_where_they_may(fleet: Fleet, here: Path, there: Path) -> None:
    here.chmod(0o755)
    (here / "secret").write_text("secret")
    (here / "secret").chmod(0o600)
    daemon, allowed = pwd.getpwnam("daemon").pw_uid, fleet.folder / "allowed"
    done = cp(fleet, "box-1", here / "a", f"{allowed}/x", uid=daemon)
    assert (done.returncode, (allowed / "x").read_text()) == (0, "a"), done.stderr
    outside = cp(fleet, "box-1", here / "a", there / "x", uid=daemon)
    assert (outside.returncode, "with these arguments" in outside.stderr) == (77, True), outside.stderr
    around = cp(fleet, "box-1", here / "a", f"{allowed}/../{there.name}/x", uid=daemon)
    assert (around.returncode, "has '..' in it" in around.stdout) == (1, True), around.stderr
    unread = cp(fleet, "box-1", here / "secret", f"{allowed}/y", uid=daemon)
    assert (unread.returncode, "Permission denied" in unread.stderr) == (64, True)
    away = cp(fleet, "*", here / "a", f"{allowed}/x", uid=daemon)
    assert (away.returncode, "on away" in away.stderr) == (77, True), "one target is outside the rule"
    assert tree(there) == set()


def test_contents_are_for_the_boxes_of_the_job_alone(fleet: Fleet, here: Path) -> None:
    arena = Arena(fleet)
    try:
        mole, other = arena.insider("mole"), arena.insider("other", reads=False)
        secret = token_hex(40)
        (here / "secret").write_text(secret)
        done = cp(fleet, "mole", here / "secret", "/none", "-t", 0.1)
        assert done.returncode == 1, "it says nothing"
        digest = Digest(secret.encode()).final()
        question = Question(n=1, op="read", parts=(Part(digest=digest, at=0, length=len(secret)),)).to_wire()
        answers = []
        for peer in (mole, other):
            peer.say("files", question)
            answers.append(Answer.from_wire(peer.wait_for("files")))
        assert answers[0].data.decode() == secret
        assert (answers[1].data, "does not have" in answers[1].error) == (b"", True)
    finally:
        arena.dismiss()


def test_job_by_hand_says_which_program_to_use(fleet: Fleet) -> None:
    done = fleet.shoal("box-1", "cp.recv", "00" * 32, "10", "/x")
    assert (done.returncode, "run shoal-cp again" in done.stderr) == (1, True), done.stderr
    done = fleet.shoal("box-1", "cp.recv", "x", "/x")
    assert (done.returncode, "use that program" in done.stderr) == (64, True), done.stderr
