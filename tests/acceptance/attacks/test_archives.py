"""Archives that want more than their folder, unpacked by a job on a live box, in every format (attack list 20).

The judgement itself has its cases in `tests/unit/modules/test_archive_attacks.py`; here it is shown that a job cannot
get past it, that nothing is left behind, and that the box lives on.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.attacks.arena import GOOD, Arena
from tests.unit.modules.test_archive_attacks import entry, tar_of, zip_of

SECRET = "not-for-archives"
MIB = 1024 * 1024
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": gzip.compress,
    "tar.bz2": bz2.compress,
    "tar.xz": lzma.compress,
}
FUNCTIONS = {
    "tar": ["archive.extract", "archive.tar"],
    "zip": ["archive.extract", "archive.unzip", "archive.cmd_unzip"],
}


class Trap:
    """A folder to unpack into, and one beside it that must stay as it is."""

    def __init__(self, arena: Arena, folder: Path) -> None:
        self._arena = arena
        self.folder = folder
        self.dest, self.outside = folder / "in", folder / "outside"
        self.outside.mkdir()
        (self.outside / "file").write_text(SECRET)

    def unpack(self, fun: str, path: Path, **options: Any) -> dict[str, Any]:
        """Unpack by a job and return its return."""
        args, kwargs = [str(path), str(self.dest)], options
        if fun == "archive.tar":
            self.dest.mkdir(exist_ok=True)
            args, kwargs = ["xf", str(path)], {"dest": str(self.dest), **options}
        return self._arena.run(GOOD, fun, *args, kwargs=kwargs)[GOOD]

    def untouched(self) -> None:
        """Assert that nothing was written, in the folder or beside it."""
        assert not self.dest.exists() or not any(self.dest.iterdir())
        assert [each.name for each in self.outside.iterdir()] == ["file"]
        assert (self.outside / "file").read_text() == SECRET
        assert (self.outside / "file").stat().st_nlink == 1
        assert {each.name for each in self.folder.iterdir()} <= {"in", "outside", *self.made}

    made: frozenset[str] = frozenset()  # archives that the test put there


@pytest.fixture
def trap(arena: Arena, tmp_path: Path) -> Iterator[Trap]:
    arena.secrets.add(SECRET)
    return Trap(arena, tmp_path)  # type: ignore[return-value]


def _tars(out: Path) -> dict[str, list[Any]]:
    return {
        "dots": [(entry("../outside/file"), b"x")],
        "dots in the middle": [(entry("a/../../outside/new"), b"x")],
        "dots at the end": [entry("a/..", tarfile.DIRTYPE)],
        "absolute": [(entry(str(out / "file")), b"x")],
        "link, then a file through it": [entry("d", tarfile.SYMTYPE, str(out)), (entry("d/file"), b"x")],
        "link within, then a file through it": [entry("d", tarfile.SYMTYPE, "."), (entry("d/file"), b"x")],
        "link that leads up": [entry("d", tarfile.SYMTYPE, "../outside")],
        "links that bend each other": [
            entry("a", tarfile.DIRTYPE),
            entry("a/up", tarfile.SYMTYPE, ".."),
            entry("out", tarfile.SYMTYPE, "a/up/.."),
        ],
        "link in the place of a file": [entry("n", tarfile.SYMTYPE, "x"), (entry("n"), b"x")],
        "hard link": [entry("h", tarfile.LNKTYPE, str(out / "file"))],
        "hard link by dots": [entry("h", tarfile.LNKTYPE, "../outside/file")],
        "hard link, then content": [entry("h", tarfile.LNKTYPE, "../outside/file"), (entry("h"), b"x")],
        "character device": [entry("null", tarfile.CHRTYPE)],
        "block device": [entry("disk", tarfile.BLKTYPE)],
        "fifo": [entry("fifo", tarfile.FIFOTYPE)],
    }


@pytest.mark.parametrize("name", sorted(_tars(Path("/outside"))))
def test_member_that_leads_out_is_refused_in_every_packing(trap: Trap, name: str) -> None:
    members = [(entry("first"), b"written before anything bad?"), *_tars(trap.outside)[name]]
    plain = Path(tar_of(trap.folder / "plain", *members)).read_bytes()
    trap.made = frozenset({"plain", *PACKED})
    for number, (ending, pack) in enumerate(PACKED.items()):
        path = trap.folder / ending
        path.write_bytes(pack(plain))
        said = trap.unpack(FUNCTIONS["tar"][number % 2], path)
        assert (said["outcome"], said["retcode"]) == ("failed", 1), said
        assert "refused: " in said["ret"]
        assert "\n" not in said["ret"]
        trap.untouched()


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../outside/file", stat.S_IFREG), ("a/../../outside/new", stat.S_IFREG), ("/etc/shoal-owned", stat.S_IFREG),
        ("device", stat.S_IFCHR), ("fifo", stat.S_IFIFO), ("disk", stat.S_IFBLK), ("link", stat.S_IFLNK),
    ],
)  # fmt: skip
def test_member_of_a_zip_that_leads_out_is_refused(trap: Trap, name: str, mode: int) -> None:
    content = str(trap.outside).encode() if mode == stat.S_IFLNK else b"x"
    members = [("first", b"1", stat.S_IFREG | 0o644), (name, content, mode | 0o644)]
    if mode == stat.S_IFLNK:
        members.append(("link/file", b"x", stat.S_IFREG | 0o644))
    path = Path(zip_of(trap.folder / "a.zip", *members))
    trap.made = frozenset({"a.zip"})
    for fun in FUNCTIONS["zip"]:
        said = trap.unpack(fun, path)
        assert (said["outcome"], "refused: " in said["ret"]) == ("failed", True), said
        trap.untouched()
    assert not Path("/etc/shoal-owned").exists()


def test_set_user_id_and_owner_are_not_taken_over(trap: Trap) -> None:
    owned = entry("tool", mode=0o6755)
    owned.uid = owned.gid = 4711
    for path in (
        tar_of(trap.folder / "a.tar", (owned, b"#!")),
        zip_of(trap.folder / "a.zip", ("tool", b"#!", stat.S_IFREG | 0o6755)),
    ):
        assert trap.unpack("archive.extract", Path(path))["outcome"] == "done"
        status = (trap.dest / "tool").stat()
        assert (stat.S_IMODE(status.st_mode), status.st_uid) == (0o755, os.geteuid())


@pytest.mark.parametrize("ending", ["tar.gz", "tar.bz2", "tar.xz", "zip"])
def test_bomb_is_refused_before_it_is_unpacked(trap: Trap, ending: str) -> None:
    path = trap.folder / "bomb"
    trap.made = frozenset({"bomb", "plain"})
    zeros = bytes(32 * MIB)
    if ending == "zip":
        import zipfile

        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", zeros)
    else:
        plain = Path(tar_of(trap.folder / "plain", (entry("zeros"), zeros)))
        path.write_bytes(PACKED[ending](plain.read_bytes()))
    assert path.stat().st_size < MIB
    said = trap.unpack("archive.extract", path)
    assert (said["outcome"], "times its size" in said["ret"]) == ("failed", True), said
    trap.untouched()


def test_archive_that_promises_too_much_is_refused(trap: Trap) -> None:
    huge = entry("huge")
    huge.size = 2**43
    many = tar_of(trap.folder / "many", *[entry(f"d{n}", tarfile.DIRTYPE) for n in range(200)])
    (trap.folder / "huge").write_bytes(huge.tobuf() + bytes(1024))
    trap.made = frozenset({"many", "huge"})
    for path, options, words in (
        (trap.folder / "huge", {}, "more than"),
        (Path(many), {"max_members": 100}, "more than 100 members"),
    ):
        said = trap.unpack("archive.extract", path, **options)
        assert (said["outcome"], words in said["ret"]) == ("failed", True), said
        trap.untouched()


def test_link_on_the_box_is_not_walked_through(trap: Trap) -> None:
    trap.dest.mkdir()
    (trap.dest / "d").symlink_to(trap.outside)
    path = Path(tar_of(trap.folder / "a.tar", (entry("first"), b"1"), (entry("d/file"), b"x")))
    said = trap.unpack("archive.extract", path)
    assert (said["outcome"], "nothing goes through it" in said["ret"]) == ("failed", True), said
    assert [each.name for each in trap.dest.iterdir()] == ["d"]
    assert (trap.outside / "file").read_text() == SECRET
