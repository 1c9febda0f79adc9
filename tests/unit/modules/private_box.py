"""A box in a box: real useradd and its kin, on an /etc of the test's own.

A child process gets a mount namespace in which /etc, /home, /var/mail and /var/log are folders of the test. It asks
functions as an operator would and tells what came of it. It refuses to work unless it sees the test's /etc.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.modules import asking

MACHINES_OWN = ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid")
_REPOSITORY = Path(__file__).parents[3]
_KEPT = (
    "login.defs",
    "nsswitch.conf",
    "ssl/openssl.cnf",
    "ld.so.cache",
    "ld.so.conf",
    "localtime",
    "default/useradd",
)
_PLACES = {"etc": "/etc", "home": "/home", "mail": "/var/mail", "log": "/var/log"}
_ENTER = """
set -e
root=$1; shift
for place in etc:/etc home:/home mail:/var/mail log:/var/log; do
    mount --bind "$root/${place%%:*}" "${place#*:}"
done
exec "$@"
"""


@dataclass(frozen=True)
class PrivateBox:
    """Where the folders of the box lie, and a way to ask it."""

    root: Path

    def ask(self, *lines: str) -> list[Any]:
        """Run the lines one after the other and return the values; a failure is `{"error": text}`."""
        return self.within(asking.__name__, list(lines))

    def within(self, module: str, questions: list[Any]) -> list[Any]:
        """Run a module in the box and return what it answers to questions; both are JSON."""
        argv = ["unshare", "--mount", "--propagation", "private", "--", "/bin/sh", "-c", _ENTER, "sh"]
        argv += [str(self.root), sys.executable, "-m", module]
        done = subprocess.run(
            argv,
            input=json.dumps(questions),
            capture_output=True,
            text=True,
            cwd=_REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(_REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    def line(self, file: str, name: str) -> list[str]:
        """Return the fields of the line of `name` in a file of the box's /etc, [] if there is none."""
        lines = (self.root / "etc" / file).read_text().splitlines()
        return next((line.split(":") for line in lines if line.startswith(f"{name}:")), [])


@pytest.fixture
def private_box(tmp_path: Path) -> Iterator[PrivateBox]:
    """Give a box with the users root and nobody. The machine's own files must be the same afterwards."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("useradd"):
        pytest.skip("needs root, unshare and useradd")
    probe = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "true"], capture_output=True, check=False
    )
    if probe.returncode != 0:
        pytest.skip("no mount namespaces here")
    before = _machines_own()
    root = tmp_path / "box"
    _furnish(root)
    yield PrivateBox(root)
    assert _machines_own() == before


def _machines_own() -> dict[str, bytes]:
    return {path: Path(path).read_bytes() for path in MACHINES_OWN if Path(path).exists()}


def _furnish(root: Path) -> None:
    for name in _PLACES:
        (root / name).mkdir(parents=True)
    root.chmod(0o755)
    etc = root / "etc"
    (etc / asking.MARK.name).touch()
    for name in _KEPT:
        if Path("/etc", name).exists():
            (etc / name).parent.mkdir(exist_ok=True)
            shutil.copy(Path("/etc", name), etc / name)
    for name in ("pam.d", "security", "alternatives"):
        if Path("/etc", name).is_dir():
            shutil.copytree(Path("/etc", name), etc / name, symlinks=True)
    nobody = "65534:65534:nobody:/nonexistent:/usr/sbin/nologin"
    (etc / "passwd").write_text(f"root:x:0:0:root:/root:/bin/sh\nnobody:x:{nobody}\n")
    (etc / "group").write_text("root:x:0:\nusers:x:100:\nwheel:x:990:\nnogroup:x:65534:\n")
    (etc / "shadow").write_text("root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n")
    (etc / "gshadow").write_text("root:*::\nusers:*::\nwheel:!::\nnogroup:*::\n")
    (etc / "shadow").chmod(0o640)
    (etc / "gshadow").chmod(0o640)
    (etc / "skel").mkdir()
    (etc / "skel" / ".profile").write_text("# from skel\n")
    (etc / "subuid").touch()
    (etc / "subgid").touch()
