"""A daemon that systemd has started says that it is up; nothing it starts can say so."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from shoal.readiness import Readiness


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_is_told_once_the_daemon_is_up(kind: str, tmp_path: Path) -> None:
    name = str(tmp_path / "n") if kind == "path" else f"@{tmp_path}"
    environ = {"NOTIFY_SOCKET": name, "HOME": "/"}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(name.replace("@", "\0"))
        readiness = Readiness.take(environ)
        assert environ == {"HOME": "/"}
        readiness.tell()
        assert systemd.recv(100) == b"READY=1"


def test_without_systemd_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    Readiness.take({}).tell()
    assert caplog.records == []


def test_systemd_that_cannot_be_told_ends_no_daemon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Readiness.take({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell()
    assert "systemd cannot be told: No such file" in caplog.text.replace("[Errno 2] ", "")
