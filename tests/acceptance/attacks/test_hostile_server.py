"""A web server that means harm, asked by jobs on a live box (attack list 19).

`http.query` is what fetches from the web, `git` what fetches repositories; all else that takes an address says that it
does not. Whoever adds a function that fetches adds it here, with its hash (`source_hash`), its target and its copy.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.attacks.arena import GOOD, Arena
from tests.hostile_server import GOOD as BODY
from tests.hostile_server import HostileServer
from tests.rogue import resident_mib

SECRET = "login-of-a-user"
LIMITS = {"max_bytes": 100_000, "timeout": 20.0}


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with HostileServer() as server:
        yield server


def _query(arena: Arena, url: str, **options: Any) -> dict[str, Any]:
    return arena.run(GOOD, "http.query", url, kwargs={**LIMITS, **options})[GOOD]


def test_server_answers_what_is_asked_well(arena: Arena, server: HostileServer) -> None:
    """So that the refusals below show something."""
    assert _query(arena, f"{server.url}/good")["ret"] == {"body": BODY.decode()}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("to-file", "redirects to a place that is refused: file"),
        ("to-ftp", "redirects to a place that is refused: ftp"),
        ("to-metadata", "a link-local or metadata address"),
        ("loop", "more than 5 redirects"),
        ("huge", "longer than 100000 bytes"),
        ("huge-chunk", "longer than 100000 bytes"),
        ("negative-chunk", "longer than 100000 bytes"),
        ("headers", ""),
        ("packed", "is packed"),
        ("short", "too early"),
        ("slow", "no whole answer within 1 seconds"),
        ("slow-headers", "no whole answer within 1 seconds"),
        ("silent", "no whole answer within 1 seconds"),
        ("no-http", ""),
    ],
)
def test_answer_that_means_harm_is_given_up(
    arena: Arena, server: HostileServer, path: str, words: str
) -> None:
    arena.secrets.add(SECRET)
    url = f"{server.url.replace('//', f'//me:{SECRET}@')}/{path}?key={SECRET}"
    said = _query(arena, url, **({"timeout": 1.0} if "1 seconds" in words else {}))
    assert said["retcode"] != 0
    error = said["ret"]["error"] if isinstance(said["ret"], dict) else said["ret"]
    assert words in error
    assert "root:" not in str(said["ret"])
    assert SECRET not in str(said["ret"])
    assert len(error) < 400
    assert set(server.asked) == {f"/{path}"}
    assert server.sent < 30_000_000, "it went on reading"


def test_redirects_that_lead_nowhere_new_are_only_requests(arena: Arena, server: HostileServer) -> None:
    assert "error" in _query(arena, f"{server.url}/to-dots")["ret"]
    assert "error" in _query(arena, f"{server.url}/to-split")["ret"] or server.asked[-1] == "/good"
    assert not Path("/owned").exists()


def test_name_that_a_server_gives_is_no_name_of_a_file(arena: Arena, server: HostileServer) -> None:
    assert _query(arena, f"{server.url}/name")["ret"] == {"body": BODY.decode()}
    assert not Path("/owned").exists()
    assert list(arena.fleet.folder.rglob("owned")) == []


def test_many_hostile_answers_leave_nothing_in_the_executor(arena: Arena, server: HostileServer) -> None:
    pid = int(arena.run(GOOD, "grains.get", "pid")[GOOD]["ret"] or 0) or arena.fleet.minions[GOOD].pid
    before = resident_mib(pid)
    for _ in range(10):
        _query(arena, f"{server.url}/huge", max_bytes=400_000)
    assert resident_mib(pid) < before + 8


# ------------------------------------------------- functions that take no addresses


@pytest.mark.parametrize(
    ("fun", "args", "kwargs"),
    [
        ("cmd.script", ["{url}/good"], {}),
        ("cmd.script", ["file:///etc/hostname"], {}),
        ("cp.get_file", ["{url}/good", "{dest}/f"], {}),
        ("cp.get_file", ["file:///etc/hostname", "{dest}/f"], {}),
        ("cp.get_dir", ["{url}", "{dest}/d"], {}),
        ("cp.cache_file", ["{url}/good"], {}),
        ("archive.extract", ["{url}/good", "{dest}/d"], {}),
        ("archive.extract", ["file:///etc/hostname", "{dest}/d"], {}),
        ("file.copy", ["{url}/good", "{dest}/f"], {}),
        ("file.copy", ["file:///etc/hostname", "{dest}/f"], {}),
        (
            "pkgrepo.mod_repo",
            ["deb http://127.0.0.1/apt stable main"],
            {"key_url": "{url}/good", "refresh": False},
        ),
        ("x509.read_certificate", ["{url}/good"], {}),
        ("http.query", ["file:///etc/hostname"], {}),
        ("http.query", ["ftp://127.0.0.1/x"], {}),
        ("http.query", ["{url}/good\r\nX: y"], {}),
    ],
    ids=str,
)
def test_function_that_takes_no_address_asks_nobody(
    arena: Arena, server: HostileServer, tmp_path: Path, fun: str, args: list[str], kwargs: dict[str, Any]
) -> None:
    words = [word.format(url=server.url, dest=tmp_path) for word in args]
    named = {
        key: value.format(url=server.url) if isinstance(value, str) else value
        for key, value in kwargs.items()
    }
    said = arena.run(GOOD, fun, *words, kwargs=named)[GOOD]
    assert said["outcome"] == "failed", said
    assert isinstance(said["ret"], str)
    assert "\n" not in said["ret"]
    assert server.asked == []
    assert list(tmp_path.iterdir()) == []


# -------------------------------------------------------------------- repositories


class HostileRepository:
    """A bare repository whose tree git itself would not make, ready to be fetched as plain files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._git("init", "-q", "--bare", ".")

    def commit(self, tree: bytes) -> None:
        """Make a commit of raw tree bytes the head."""
        made = self._git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=tree)
        commit = self._git("commit-tree", made, "-m", "x")
        self._git("update-ref", self._git("symbolic-ref", "HEAD"), commit)
        self._git("update-server-info")

    def blob(self, text: bytes) -> bytes:
        """Return the id of a file."""
        return bytes.fromhex(self._git("hash-object", "-w", "--stdin", stdin=text))

    def tree(self, *entries: tuple[str, str, bytes]) -> bytes:
        """Return raw tree bytes of mode, name, id."""
        return b"".join(f"{mode} {name}\0".encode() + sha for mode, name, sha in entries)

    def write(self, tree: bytes) -> bytes:
        """Return the id of a tree."""
        return bytes.fromhex(
            self._git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=tree)
        )

    def _git(self, *words: str, stdin: bytes = b"") -> str:
        identity = {
            f"GIT_{who}_{what}": "x@example.com"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, **identity},
        )
        return done.stdout.decode().strip()


def _hostile_trees(repository: HostileRepository, outside: Path) -> dict[str, bytes]:
    make, blob = (
        repository.tree,
        repository.blob(b"#!/bin/sh\necho owned > " + str(outside).encode() + b"/owned\n"),
    )
    inner = repository.write(make(("100755", "post-checkout", blob)))
    hooks = repository.write(make(("40000", "hooks", inner)))
    link = repository.blob(str(outside).encode())
    folder = repository.write(make(("100644", "owned", blob)))
    return {
        "dots": make(("40000", "..", folder)),
        "slash": make(("100644", "../outside/owned", blob)),
        "absolute": make(("100644", f"{outside}/owned", blob)),
        ".git": make(("40000", ".git", hooks)),
        ".GIT": make(("40000", ".GIT", hooks), ("40000", "git~1", hooks)),
        "link, then a folder of its name": make(("120000", "d", link), ("40000", "d", folder)),
        "link to the settings": make(("120000", ".gitmodules", link), ("100644", "x", blob)),
    }


def test_honest_repository_is_cloned_from_there(arena: Arena, tmp_path: Path) -> None:
    """So that the refusals below show something."""
    (tmp_path / "source.git").mkdir()
    repository = HostileRepository(tmp_path / "source.git")
    repository.commit(repository.tree(("100644", "file", repository.blob(BODY))))
    with HostileServer(tmp_path / "source.git") as server:
        assert arena.run(GOOD, "git.clone", str(tmp_path / "clone"), server.url)[GOOD]["ret"] is True
    assert (tmp_path / "clone/file").read_bytes() == BODY


NAMES = [
    "dots", "slash", "absolute", ".git", ".GIT", "link, then a folder of its name", "link to the settings",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_repository_writes_nothing_outside_its_clone(arena: Arena, tmp_path: Path, name: str) -> None:
    source, outside = tmp_path / "source.git", tmp_path / "outside"
    for folder in (source, outside):
        folder.mkdir()
    repository = HostileRepository(source)
    repository.commit(_hostile_trees(repository, outside)[name])
    with HostileServer(source) as server:
        arena.run(GOOD, "git.clone", str(tmp_path / "clone"), server.url)
        assert "/info/refs" in server.asked
    assert list(outside.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} <= {"source.git", "outside", "clone"}
    assert not (tmp_path / "clone/.git/hooks/post-checkout").exists()


@pytest.mark.parametrize(
    "url", ["{server}/to-file", "{server}/to-metadata", "ext::sh -c 'touch {mark}'", "--upload-pack=touch {mark}",
            "fd::3", "file::/etc", "ssh://-oProxyCommand=touch {mark}/x"],
)  # fmt: skip
def test_address_that_would_lead_git_elsewhere_is_refused(
    arena: Arena, server: HostileServer, tmp_path: Path, url: str
) -> None:
    mark = tmp_path / "mark"
    said = arena.run(GOOD, "git.clone", str(tmp_path / "clone"), url.format(server=server.url, mark=mark))[
        GOOD
    ]
    assert said["outcome"] == "failed", said
    assert list(tmp_path.iterdir()) == []
