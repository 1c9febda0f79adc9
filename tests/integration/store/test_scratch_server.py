"""The scratch PostgreSQL itself: nobody else can reach it, and CI does not pass without it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.postgres import PostgresServer, find_binaries, run_server, unavailable


def test_server_listens_on_its_own_socket_only(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.url("postgres")) as connection:
        shown = connection.execute("SHOW listen_addresses").fetchone()
    assert shown == ("",)
    assert postgres_server.folder.stat().st_mode & 0o777 == 0o700


def test_server_and_its_folder_are_gone_after_an_error() -> None:
    binaries = find_binaries()
    if binaries is None:
        unavailable("no PostgreSQL server programs found")
        return
    with pytest.raises(ZeroDivisionError), run_server(binaries) as server:
        raise ZeroDivisionError
    assert not server.folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


def test_server_that_cannot_start_shows_why(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    tmp_path.chmod(0o755)
    failure = pytest.raises((RuntimeError, PermissionError, subprocess.SubprocessError))
    with failure, run_server(tmp_path):
        pass


def test_missing_server_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="nowhere"):
        unavailable("nowhere")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nowhere; CI=true needs it"):
        unavailable("nowhere")
