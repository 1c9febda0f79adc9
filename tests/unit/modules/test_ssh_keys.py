"""`ssh.*` about keys that lie on the box, made by the real ssh-keygen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shoal.errors import ModuleError
from tests.unit.modules.ssh_home import GID, UID, A, Ask, home, put

__all__ = ["home"]
KEYGEN = shutil.which("ssh-keygen") or ""
needs_keygen = pytest.mark.skipif(not KEYGEN, reason="needs ssh-keygen")


def test_public_keys_are_told_and_private_ones_only_when_asked_for(ask: Ask, home: Path) -> None:
    put(home / ".ssh" / "id_ed25519.pub", f"ssh-ed25519 {A} me\n")
    put(home / ".ssh" / "id_ed25519", "private\n")
    put(home / ".ssh" / "deploy.pub", "deploy\n")
    public = {"id_ed25519.pub": f"ssh-ed25519 {A} me"}
    assert ask("ssh.user_keys bob") == ask("ssh.user_keys") == {"bob": public}
    assert ask("ssh.user_keys bob prvfile=true") == {"bob": {**public, "id_ed25519": "private"}}
    assert ask("ssh.user_keys bob pubfile=.ssh/deploy.pub") == {"bob": {"deploy.pub": "deploy"}}
    assert ask("ssh.user_keys bob pubfile=false") == {}


def test_key_that_is_a_link_is_not_followed(ask: Ask, home: Path, tmp_path: Path) -> None:
    put(home / ".ssh" / "x", "")
    (tmp_path / "secret").write_text("secret")
    (home / ".ssh" / "id_rsa.pub").symlink_to(tmp_path / "secret")
    with pytest.raises(ModuleError, match="a link"):
        ask("ssh.user_keys bob")
    assert ask("ssh.user_keys") == {}


def test_keys_of_the_box_are_told(ask: Ask, tmp_path: Path) -> None:
    for name in (
        "ssh_host_rsa_key",
        "ssh_host_rsa_key.pub",
        "ssh_host_rsa_key-cert.pub",
        "sshd_config",
        "ssh_host_x",
    ):
        (tmp_path / name).write_text(f"{name}\n")
    public = {"rsa.pub": "ssh_host_rsa_key.pub"}
    cert = {"rsa-cert.pub": "ssh_host_rsa_key-cert.pub"}
    assert ask(f"ssh.host_keys {tmp_path}") == {**public, **cert}
    assert ask(f"ssh.host_keys {tmp_path} certs=false") == public
    assert ask(f"ssh.host_keys {tmp_path} private=true") == {**public, **cert, "rsa": "ssh_host_rsa_key"}
    assert ask(f"ssh.host_keys {tmp_path}/none") == {}
    with pytest.raises(ModuleError, match="cannot be read: Not a directory"):
        ask(f"ssh.host_keys {tmp_path}/sshd_config")


@needs_keygen
@pytest.mark.parametrize("form", ["RFC4716", "PEM", "PKCS8"])
@pytest.mark.parametrize(("phrase", "expected"), [("", False), ("a phrase", True)])
def test_key_of_any_form_says_whether_it_is_locked(
    ask: Ask, tmp_path: Path, form: str, phrase: str, expected: bool
) -> None:
    file = tmp_path / "key"
    argv = [KEYGEN, "-q", "-t", "ecdsa", "-m", form, "-N", phrase, "-f", str(file)]
    subprocess.run(argv, capture_output=True, check=True)
    assert ask(f"ssh.key_is_encrypted {file}") is expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ssh-ed25519 AAAA",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
    ],
)
def test_what_is_no_private_key_is_told(ask: Ask, tmp_path: Path, text: str) -> None:
    (tmp_path / "key").write_text(text)
    with pytest.raises(ModuleError, match="is no private key"):
        ask(f"ssh.key_is_encrypted {tmp_path}/key")
    with pytest.raises(ModuleError, match="cannot be read: No such file"):
        ask(f"ssh.key_is_encrypted {tmp_path}/none")


@needs_keygen
def test_key_that_ssh_keygen_made_may_log_in(ask: Ask, home: Path) -> None:
    for kind in ("rsa", "ecdsa", "ed25519"):
        file = home / f"id_{kind}"
        subprocess.run(
            [KEYGEN, "-q", "-t", kind, "-N", "", "-C", "me there", "-f", str(file)],
            capture_output=True,
            check=True,
        )
        os.chown(file, UID, GID)
        line = file.with_suffix(".pub").read_text().strip()
        assert ask(f"ssh.set_auth_key bob '{line}'") == "new"
        assert (home / ".ssh" / "authorized_keys").read_text().endswith(f"{line}\n")
