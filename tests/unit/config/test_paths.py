"""Where the files are, and who may do what there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from shoal.errors import ConfigError
from shoal.paths import Paths


def test_usual_places() -> None:
    paths = Paths.for_master(environ={})
    assert [str(path) for path in paths[1:]] == [
        "/etc/shoal",
        "/etc/shoal/pki/master",
        "/var/lib/shoal/master",
        "/var/cache/shoal/master",
        "/run/shoal/master",
        "/var/log/shoal/master",
        "/srv",
    ]
    assert str(paths.control_socket) == "/run/shoal/master/master.sock"
    assert str(Paths.for_minion(environ={}).executor_socket) == "/run/shoal/minion/executor.sock"
    assert str(Paths.for_minion(environ={}).state_dir) == "/var/lib/shoal/minion"
    assert str(paths.config_file) == "/etc/shoal/master"
    assert str(paths.grains_file) == "/etc/shoal/grains"


def test_root_moves_everything(tmp_path: Path) -> None:
    paths = Paths.for_minion(str(tmp_path), environ={})
    assert all(path.is_relative_to(tmp_path) for path in paths[1:] if isinstance(path, Path))
    assert paths.pki_dir == tmp_path / "etc/shoal/pki/minion"


def test_root_comes_from_the_environment_unless_given() -> None:
    assert Paths.for_master(environ={"SHOAL_ROOT": "/a"}).run_dir == Path("/a/run/shoal/master")
    assert Paths.for_master("/b", environ={"SHOAL_ROOT": "/a"}).run_dir == Path("/b/run/shoal/master")
    assert Paths.for_master(environ={"SHOAL_ROOT": ""}).run_dir == Path("/run/shoal/master")


def test_relative_root_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.for_master("here", environ={}).run_dir == tmp_path / "here/run/shoal/master"


def test_config_dir_moves_configuration_and_keys_only(tmp_path: Path) -> None:
    paths = Paths.for_minion("/r", str(tmp_path), environ={})
    assert (paths.config_dir, paths.pki_dir) == (tmp_path, tmp_path / "pki/minion")
    assert paths.state_dir == Path("/r/var/lib/shoal/minion")


def test_config_dir_with_a_slip_of_the_hand_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^there is no configuration folder /.*/nope$"):
        Paths.for_master("", str(tmp_path / "nope"))


def test_socket_path_has_a_limit() -> None:
    fits = "/" + "x" * (107 - len("//run/shoal/master/master.sock"))
    assert len(str(Paths.for_master(fits, environ={}).control_socket)) == 107
    with pytest.raises(
        ConfigError, match=r"has 108 bytes, a unix socket can have 107\. Use a shorter folder"
    ):
        _ = Paths.for_master(fits + "x", environ={}).control_socket
    with pytest.raises(ConfigError, match="bytes"):
        _ = Paths.for_minion("/" + "é" * 50, environ={}).executor_socket


def test_no_files_no_configuration(tmp_path: Path) -> None:
    assert Paths.for_master(str(tmp_path), environ={}).config_files() == []


def test_files_are_found_in_order(tmp_path: Path) -> None:
    (tmp_path / "minion.d").mkdir()
    for name in (
        "minion.d/b.conf",
        "minion.d/a.conf",
        "minion.d/c.txt",
        "minion.d/.d.conf",
        "minion",
        "master",
    ):
        (tmp_path / name).touch()
    found = Paths.for_minion("", str(tmp_path)).config_files()
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        "minion",
        "minion.d/a.conf",
        "minion.d/b.conf",
    ]


def test_two_main_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "minion").touch()
    (tmp_path / "minion.yaml").touch()
    with pytest.raises(ConfigError, match=r"^both /.*/minion and /.*/minion.yaml exist\. Keep one of them$"):
        Paths.for_minion("", str(tmp_path)).config_files()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_are_made_with_their_modes(tmp_path: Path) -> None:
    paths = Paths.for_master(str(tmp_path), environ={})
    before = os.umask(0o077)
    try:
        paths.prepare()
    finally:
        os.umask(before)
    assert [mode(path) for path in (paths.pki_dir, paths.state_dir, paths.cache_dir)] == [0o700] * 3
    assert (mode(paths.run_dir), mode(paths.config_dir), mode(paths.log_dir)) == (0o755, 0o755, 0o750)
    paths.prepare()


def test_folders_that_are_too_open_are_closed(tmp_path: Path) -> None:
    paths = Paths.for_minion(str(tmp_path), environ={})
    paths.prepare()
    paths.pki_dir.chmod(0o755)
    paths.run_dir.chmod(0o777)
    paths.log_dir.chmod(0o700)
    paths.prepare()
    assert (mode(paths.pki_dir), mode(paths.run_dir), mode(paths.log_dir)) == (0o700, 0o755, 0o700)


def test_file_in_the_place_of_a_folder(tmp_path: Path) -> None:
    paths = Paths.for_minion(str(tmp_path), environ={})
    paths.run_dir.parent.mkdir(parents=True)
    paths.run_dir.touch()
    with pytest.raises(ConfigError, match=r"run/shoal/minion is not a folder\. Move it away$"):
        paths.prepare()


def test_file_above_a_folder(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    with pytest.raises(ConfigError, match=r"cannot be made ready: .*\. Run as root, or give --root DIR$"):
        Paths.for_minion(str(tmp_path), environ={}).prepare()


def test_folder_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = Paths.for_minion(str(tmp_path), environ={})
    paths.prepare()
    if os.geteuid() == 0:
        os.chown(paths.pki_dir, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ConfigError, match=r"belongs to user \d+\. Run: chown"):
        paths.prepare()
