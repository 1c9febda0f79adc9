"""What the daemon takes over from whoever started it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from minion.inheritance import settle
from modules.process_env import DEFAULT_PATH


@pytest.fixture(autouse=True)
def _stay() -> Iterator[None]:
    before = Path.cwd()
    yield
    os.chdir(before)


def _path(*folders: object) -> str:
    environ = {"PATH": ":".join(str(each) for each in folders)}
    settle(environ)
    return environ["PATH"]


def test_it_stands_in_the_root(tmp_path: Path) -> None:
    os.chdir(tmp_path)
    _path("/usr/bin")
    assert Path.cwd() == Path("/")


def test_folders_of_root_stay_in_their_order_and_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    assert _path("/usr/bin", "/bin", "/usr/sbin") == "/usr/bin:/bin:/usr/sbin"
    assert caplog.records == []


def test_folder_that_others_could_fill_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to("open")
    unsafe = [tmp_path / "open", tmp_path / "link", tmp_path / "open/not-there", ".", "", "bin", "~/bin"]
    assert _path(*unsafe, tmp_path / "mine", "/bin") == f"{tmp_path / 'mine'}:/bin"
    assert [record.message.count("/open") for record in caplog.records] == [2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_folder_of_another_user_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "his").mkdir()
    os.chown(tmp_path / "his", 12345, -1)
    assert _path(tmp_path / "his", tmp_path / "his/not-there", "/bin") == "/bin"


def test_without_any_that_is_safe_there_is_the_usual_one() -> None:
    assert _path(".") == DEFAULT_PATH
    environ: dict[str, str] = {}
    settle(environ)
    assert set(environ["PATH"].split(":")) == set(DEFAULT_PATH.split(":"))
