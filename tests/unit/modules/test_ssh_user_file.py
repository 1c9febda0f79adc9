"""What a user may do to the own home so that root reads or writes elsewhere, and that it does not help."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modules.ssh import user_file
from modules.ssh.user_file import UserFile
from shoal.errors import ModuleError
from tests.unit.modules.ssh_home import GID, UID, A, Ask, as_root, home, put

__all__ = ["home"]


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """Give a folder of root's with a file in it."""
    folder = tmp_path / "victim"
    folder.mkdir()
    (folder / "authorized_keys").write_text(f"ssh-ed25519 {A} of root\n")
    return folder


def unharmed(victim: Path) -> bool:
    """Say whether the victim is as it was."""
    text = (victim / "authorized_keys").read_text()
    return [each.name for each in victim.iterdir()] == ["authorized_keys"] and text.endswith(" of root\n")


def test_folder_that_is_a_link_is_refused(ask: Ask, home: Path, victim: Path) -> None:
    (home / ".ssh").symlink_to(victim)
    for line in (f"ssh.set_auth_key bob {A}", "ssh.auth_keys bob", f"ssh.rm_auth_key bob {A}"):
        with pytest.raises(ModuleError, match="a link or no folder is on the way"):
            ask(line)
    assert unharmed(victim)


def test_file_that_is_a_link_is_refused(ask: Ask, home: Path, victim: Path) -> None:
    put(home / ".ssh" / "other", "")
    (home / ".ssh" / "authorized_keys").symlink_to(victim / "authorized_keys")
    for line in (f"ssh.set_auth_key bob {A}", "ssh.auth_keys bob", f"ssh.rm_auth_key bob {A}"):
        with pytest.raises(ModuleError, match="a link"):
            ask(line)
    with pytest.raises(ModuleError, match="it is a link"):
        UserFile.of("bob", ".ssh/authorized_keys").write("x")
    assert unharmed(victim)


def test_link_that_leads_nowhere_is_not_written_through(home: Path, tmp_path: Path) -> None:
    put(home / ".ssh" / "other", "")
    (home / ".ssh" / "authorized_keys").symlink_to(tmp_path / "new")
    with pytest.raises(ModuleError, match="it is a link"):
        UserFile.of("bob", ".ssh/authorized_keys").write("x")
    assert not (tmp_path / "new").exists()


def test_folder_that_is_swapped_while_root_is_in_it(home: Path, victim: Path) -> None:
    put(home / ".ssh" / "other", "")
    file = UserFile.of("bob", ".ssh/authorized_keys")
    with file._folder(make=True) as folder:
        (home / ".ssh").rename(home / "was")
        (home / ".ssh").symlink_to(victim)
        file._write_in(folder, b"new\n")
    assert unharmed(victim)
    assert (home / "was" / "authorized_keys").read_text() == "new\n"


@as_root
def test_other_name_of_a_file_of_roots_is_not_read(home: Path, victim: Path) -> None:
    put(home / ".ssh" / "other", "")
    os.link(victim / "authorized_keys", home / ".ssh" / "authorized_keys")
    file = UserFile.of("bob", ".ssh/authorized_keys")
    with pytest.raises(ModuleError, match="another name of a file of root's"):
        file.read()
    file.write("mine\n")  # takes the name away, the file stays
    assert unharmed(victim)
    assert (victim / "authorized_keys").stat().st_uid == 0


@as_root
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_a_third_is_refused(home: Path, what: str) -> None:
    path = put(home / ".ssh" / "authorized_keys", "x\n")
    os.chown(path if what == "file" else path.parent, UID - 1, GID)
    file = UserFile.of("bob", ".ssh/authorized_keys")
    with pytest.raises(ModuleError, match=r"belongs to somebody else|no plain file of the user's"):
        file.read()
    with pytest.raises(ModuleError, match=r"belongs to somebody else|no plain file of the user's"):
        file.write("y")
    assert path.read_text() == "x\n"


@as_root
def test_file_of_roots_in_a_home_becomes_the_users(home: Path) -> None:
    path = put(home / ".ssh" / "authorized_keys", "x\n", 0o664)
    os.chown(path, 0, 0)
    file = UserFile.of("bob", ".ssh/authorized_keys")
    assert file.read() == "x\n"
    file.write("y\n")
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (UID, GID, 0o644)


def test_pipe_does_not_stop_the_job(home: Path) -> None:
    put(home / ".ssh" / "other", "")
    os.mkfifo(home / ".ssh" / "authorized_keys")
    file = UserFile.of("bob", ".ssh/authorized_keys")
    with pytest.raises(ModuleError, match="no plain file"):
        file.read()
    with pytest.raises(ModuleError, match="no plain file"):
        file.write("x")


def test_folder_for_everybody_is_refused(home: Path) -> None:
    put(home / ".ssh" / "authorized_keys", "x\n")
    (home / ".ssh").chmod(0o777)
    with pytest.raises(ModuleError, match=r"everybody may write to folder \.ssh"):
        UserFile.of("bob", ".ssh/authorized_keys").read()


def test_file_without_end_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_file, "MAX_BYTES", 10)
    put(home / ".ssh" / "authorized_keys", "x" * 11)
    with pytest.raises(ModuleError, match="is larger than 10 bytes"):
        UserFile.of("bob", ".ssh/authorized_keys").read()


@pytest.mark.parametrize("config", ["../x", "%h/../x", "/etc/../x", ".ssh/../../x", "/", "a\0b"])
def test_way_out_is_refused(home: Path, config: str) -> None:
    with pytest.raises(ModuleError, match="is no path of a file"):
        UserFile.of("bob", config)


def test_home_that_is_not_there_is_told(home: Path) -> None:
    home.rmdir()
    file = UserFile.of("bob", ".ssh/authorized_keys")
    assert file.read() == ""
    with pytest.raises(ModuleError, match=f"cannot be written: there is no folder {home}"):
        file.write("x")


def test_home_that_is_reached_by_a_link_is_fine(home: Path) -> None:
    real = home.with_name("real")
    home.rename(real)
    home.symlink_to(real)
    UserFile.of("bob", ".ssh/authorized_keys").write("x\n")
    assert (real / ".ssh" / "authorized_keys").read_text() == "x\n"


def test_write_that_fails_leaves_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(home / ".ssh" / "authorized_keys", "x\n")

    def refuse(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ModuleError, match="cannot be used: No space left on device"):
        UserFile.of("bob", ".ssh/authorized_keys").write("y\n")
    assert path.read_text() == "x\n"
    assert list(path.parent.iterdir()) == [path]


def test_bytes_that_are_no_text_survive(home: Path) -> None:
    path = put(home / ".ssh" / "authorized_keys", "")
    path.write_bytes(b"# \xff\n")
    file = UserFile.of("bob", ".ssh/authorized_keys")
    file.write(file.read() + "x\n")
    assert path.read_bytes() == b"# \xff\nx\n"


@as_root
def test_file_of_the_system_stays_readable(tmp_path: Path) -> None:
    file = UserFile.of_system(str(tmp_path / "ssh_known_hosts"))
    file.write("x\n")
    assert (tmp_path / "ssh_known_hosts").stat().st_mode & 0o7777 == 0o644
    with pytest.raises(ModuleError, match="there is no folder missing"):
        UserFile.of_system(str(tmp_path / "missing" / "x")).write("x")


@as_root
def test_roots_own_way_does_not_lead_through_somebodys_home(home: Path) -> None:
    with pytest.raises(ModuleError, match="folder home belongs to somebody else"):
        UserFile.of_system(str(home / "known_hosts")).write("x")
