"""fstab as text, and real mounts in a mount namespace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.mount import fstab_file, mountinfo, points, swap
from modules.mount.escapes import escape, unescape
from modules.mount.fstab_entry import FstabEntry
from modules.mount.mountinfo import Mounted
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.namespaces import inside, needs_root

Ask = Callable[[str], Any]
FSTAB = """\
# /etc/fstab: a comment
UUID=1234-ab\t/\text4\terrors=remount-ro\t0 1

/dev/sda2   none  swap  sw  0  0
/dev/sda3 none swap sw
//nas/My\\040Files /mnt/My\\040Files cifs ro,user=x 0 0  # shared
garbage
"""


@pytest.fixture
def fstab(tmp_path: Path) -> Path:
    path = tmp_path / "fstab"
    path.write_text(FSTAB)
    return path


@pytest.mark.parametrize(
    "text", ["plain", "a b", "tab\there", "back\\slash", "#first", "line\nfeed", "\\040"]
)
def test_escaped_text_comes_back(text: str) -> None:
    assert unescape(escape(text)) == text
    assert len(escape(text).split()) == 1


def test_fstab_is_read_with_escapes_and_defaults(ask: Ask, fstab: Path) -> None:
    found = ask(f"mount.fstab config={fstab}")
    assert list(found) == ["/", "none", "none_", "/mnt/My Files"]
    assert found["/"] == {
        "device": "UUID=1234-ab",
        "fstype": "ext4",
        "opts": ["errors=remount-ro"],
        "dump": "0",
        "pass": "1",
    }
    assert found["none_"]["dump"] == "0"
    assert found["/mnt/My Files"]["device"] == "//nas/My Files"
    assert found["/mnt/My Files"]["opts"] == ["ro", "user=x"]


def test_new_entry_goes_to_the_end_and_the_rest_stays(ask: Ask, fstab: Path) -> None:
    line = f"mount.set_fstab '/mnt/a b' /dev/sdb1 ext4 opts=noatime,nofail pass_num=2 config={fstab}"
    assert ask(line) == "new"
    assert fstab.read_text() == FSTAB + "/dev/sdb1\t/mnt/a\\040b\text4\tnoatime,nofail\t0\t2\n"
    assert ask(line) == "present"


def test_entry_of_the_mount_point_is_changed_in_its_place(ask: Ask, fstab: Path) -> None:
    assert ask(f"mount.set_fstab '/mnt/My Files/' //nas/new cifs config={fstab}") == "change"
    lines = fstab.read_text().splitlines()
    assert lines[5] == "//nas/new\t/mnt/My\\040Files/\tcifs\tdefaults\t0\t0"
    assert lines[:5] + lines[6:] == FSTAB.splitlines()[:5] + FSTAB.splitlines()[6:]


def test_swap_is_matched_by_its_device(ask: Ask, fstab: Path) -> None:
    assert ask(f"mount.set_fstab none /dev/sda3 swap opts=pri=5 config={fstab}") == "change"
    assert "/dev/sda2   none  swap  sw  0  0\n/dev/sda3\tnone\tswap\tpri=5\t0\t0\n" in fstab.read_text()


def test_second_mount_of_one_device_is_another_entry(ask: Ask, fstab: Path) -> None:
    ask(f"mount.set_fstab /one /srv none opts=bind config={fstab}")
    assert ask(f"mount.set_fstab /two /srv none opts=bind config={fstab}") == "new"


def test_nothing_is_written_with_test_or_not_change(ask: Ask, fstab: Path) -> None:
    assert ask(f"mount.set_fstab /new /dev/sdb1 ext4 test=True config={fstab}") == "new"
    assert ask(f"mount.set_fstab / /dev/sdb1 ext4 not_change=True config={fstab}") == "present"
    assert fstab.read_text() == FSTAB


def test_match_on_says_which_fields_make_an_entry_the_same(ask: Ask, fstab: Path) -> None:
    assert ask(f"mount.set_fstab /new UUID=1234-ab ext4 match_on=device config={fstab}") == "change"
    with pytest.raises(ArgumentError, match="match_on must be auto or some of name"):
        ask(f"mount.set_fstab /new UUID=1234-ab ext4 match_on=colour config={fstab}")


def test_two_entries_for_one_mount_point_are_not_guessed_at(ask: Ask, fstab: Path) -> None:
    fstab.write_text("/dev/a /x ext4\n/dev/b /x ext4\n")
    with pytest.raises(ModuleError, match="several entries for /x, in lines 1 and 2"):
        ask(f"mount.set_fstab /x /dev/c ext4 config={fstab}")


def test_removed_entry_leaves_the_rest(ask: Ask, fstab: Path) -> None:
    assert ask(f"mount.rm_fstab none /dev/sda3 config={fstab}") is True
    assert fstab.read_text() == FSTAB.replace("/dev/sda3 none swap sw\n", "")
    assert ask(f"mount.rm_fstab none /dev/sda3 config={fstab}") is False
    assert ask(f"mount.rm_fstab / config={fstab}") is True


def test_line_feed_cannot_bring_a_second_entry(ctx: Any, fstab: Path) -> None:
    with pytest.raises(ArgumentError, match="device cannot be"):
        fstab_file.set_fstab(ctx, "/x", "/dev/a /y ext4\n/dev/b", "ext4")


@pytest.mark.parametrize("line", ["", "  # x", "one two", "a b c d e f g"])
def test_line_that_is_no_entry(line: str) -> None:
    assert FstabEntry.from_line(line) is None


def test_line_of_mountinfo_is_understood() -> None:
    line = r"36 35 98:0 /sub /mnt/a\040b rw,noatime shared:1 - ext3 /dev/r\040t rw,errors=continue"
    found = Mounted.from_line(line)
    assert (found.name, found.device, found.root, found.number) == ("/mnt/a b", "/dev/r t", "/sub", "98:0")
    assert (found.opts, found.superopts) == (["rw", "noatime"], ["rw", "errors=continue"])


def test_mount_point_of_a_user_cannot_make_a_line_of_its_own(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    name = "/home/x/a\u2028b\x0cc\x85d"
    table.write_text(f"1 2 0:5 / {name} rw - fuse  rw\n2 2 0:6 / /last rw - tmpfs tmpfs rw\n")
    monkeypatch.setattr(mountinfo, "MOUNTINFO", str(table))
    found = ask("mount.active")
    assert list(found) == [name, "/last"]
    assert found[name]["device"] == ""  # a mount may have no source


def test_octal_bytes_are_one_letter() -> None:
    assert unescape("/mnt/\\303\\244") == "/mnt/\u00e4"


def test_device_named_by_uuid_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mountinfo, "BY_UUID", "/dev/fd/../../dev")  # any folder below /dev
    assert mountinfo.real_device('UUID="null"').endswith("/null")
    assert mountinfo.real_device("tmpfs") == "tmpfs"
    (tmp_path / "my\\x20disk").symlink_to("/dev/null")
    assert mountinfo.tag_of("/dev/null", str(tmp_path)) == "my disk"
    assert mountinfo.tag_of("/dev/zero", str(tmp_path)) == ""


def test_proc_is_mounted_here(ask: Ask) -> None:
    assert ask("mount.is_mounted /proc/") is True
    assert ask("mount.is_mounted /no/such/place") is False
    assert ask("mount.active")["/proc"]["fstype"] == "proc"
    assert {"mountid", "superopts", "device_uuid", "major"} <= ask("mount.active extended=True")[
        "/proc"
    ].keys()


@pytest.mark.parametrize("name", ["relative", "-o", ""])
def test_mount_point_is_an_absolute_path(ctx: Any, name: str) -> None:
    for call in (points.mount, points.umount, points.is_mounted):
        with pytest.raises(ArgumentError, match="a mount point is an absolute path"):
            call(ctx, name)


def test_unmounting_what_is_not_mounted_starts_nothing(ask: Ask, tmp_path: Path) -> None:
    assert ask(f"mount.umount {tmp_path}") is False


@needs_root
def test_tmpfs_is_mounted_remounted_and_unmounted(tmp_path: Path) -> None:
    place = tmp_path / "a b"
    found = inside(
        "-m",
        f"""
from modules.mount import points
place = {str(place)!r}
answer = [failure(points.mount, place, "tmpfs", fstype="tmpfs")]
answer.append(points.mount(ctx, place, "tmpfs", mkmnt=True, fstype="tmpfs", opts="size=1m"))
answer.append(points.mount(ctx, place, "tmpfs", mkmnt=True, fstype="tmpfs", opts="size=1m"))
answer.append(sum(each.name == place for each in points.all_mounted()))
answer.append(failure(points.mount, place, "proc", fstype="proc"))
answer.append(points.remount(ctx, place, "tmpfs", fstype="tmpfs", opts=["ro"]))
answer.append(points.active(ctx)[place]["opts"])
answer.append(failure(points.umount, place, device="/dev/sdz"))
answer.append(points.umount(ctx, place))
answer.append(points.is_mounted(ctx, place))
answer.append(points.umount(ctx, place))
""",
    )
    missing, new, again, times, other, ro, opts, wrong, gone, still, twice = found
    assert "does not exist" in missing
    assert (new, again, times) == (True, True, 1)
    assert "has tmpfs mounted already, not proc" in other
    assert ro is True
    assert "ro" in opts
    assert "not /dev/sdz" in wrong
    assert (gone, still, twice) == (True, False, False)


@needs_root
def test_bind_mount_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    code = f"""
from modules.mount import points
one, other = {str(tmp_path / "from")!r}, {str(tmp_path / "to")!r}
answer = [points.mount(ctx, other, one, mkmnt=True, opts="bind") for _ in "ab"]
answer.append(sum(each.name == other for each in points.all_mounted()))
"""
    assert inside("-m", code) == [True, True, 1]


def test_options_and_paths_stay_one_word_each(ctx: Any, tmp_path: Path, programs: FakePrograms) -> None:
    programs.add("mount")
    points.mount(ctx, f"{tmp_path}/x y", "-dev", opts=["ro", "uid=1 2"])
    points.mount(ctx, f"{tmp_path}/fstab")
    assert programs.calls() == [
        ["mount", "-o", "ro,uid=1 2", "--", "-dev", f"{tmp_path}/x y"],
        ["mount", "--", f"{tmp_path}/fstab"],
    ]


SWAPS = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n/swap\\040file  file\t\t1024\t\t8\t\t-2\n"


def test_swap_in_use_is_not_started_again(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    table = tmp_path / "swaps"
    table.write_text(SWAPS)
    monkeypatch.setattr(swap, "SWAPS", str(table))
    entry = {"type": "file", "size": "1024", "used": "8", "priority": "-2"}
    assert ask("mount.swaps") == {"/swap file": entry}
    assert ask("mount.swapon '/swap file'") == {"stats": entry, "new": False}
    programs.say("swapon", does=f"echo /other partition 5 0 3 >> {table}")
    assert ask("mount.swapon /other priority=3")["new"] is True
    assert ask("mount.swapoff /third") is None
    programs.add("swapoff")
    assert ask("mount.swapoff /other") is False  # the fake one did not end it
    assert programs.calls() == [["swapon", "-p", "3", "--", "/other"], ["swapoff", "--", "/other"]]
