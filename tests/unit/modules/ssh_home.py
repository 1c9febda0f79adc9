"""A user with a home of the test's own, and keys."""

from __future__ import annotations

import base64
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[[str], Any]
UID = 65534 if os.geteuid() == 0 else os.geteuid()
GID = 65534 if os.geteuid() == 0 else os.getegid()
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root writes into other people's homes")


def key(kind: str = "ssh-ed25519", seed: int = 1) -> str:
    """Return the base64 of a key that is well formed, and nobody's."""
    parts = (kind.encode(), bytes([seed]) * 32)
    return base64.b64encode(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).decode()


A, B, RSA = key(seed=1), key(seed=2), key("ssh-rsa", 3)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the home of `bob`, the only user there is."""
    path = tmp_path / "home"
    path.mkdir()
    os.chown(path, UID, GID)
    bob = pwd.struct_passwd(("bob", "x", UID, GID, "", str(path), "/bin/sh"))

    def find(name: str) -> pwd.struct_passwd:
        if name != "bob":
            raise KeyError(name)
        return bob

    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(pwd, "getpwall", lambda: [bob])
    return path


def put(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file of bob's, and its folders."""
    if not path.parent.exists():
        path.parent.mkdir(mode=0o700)
        os.chown(path.parent, UID, GID)
    path.write_text(text)
    path.chmod(mode)
    os.chown(path, UID, GID)
    return path
