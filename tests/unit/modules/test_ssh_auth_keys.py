"""`ssh.*` about who may log in."""

from __future__ import annotations

import json
import pwd
import shlex
from pathlib import Path

import pytest

from modules.ssh.authorized_key import AuthorizedKey, split_options
from modules.ssh.public_key import PublicKey
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.ssh_home import GID, RSA, UID, A, Ask, B, home, key, put

__all__ = ["home"]
FANCY = 'no-pty,from="10.1.0.0/16,10.2.0.0/16",command="echo \\"a, b\\" # x"'


@pytest.mark.parametrize(
    ("line", "options", "comment"),
    [
        (f"ssh-ed25519 {A}", [], ""),
        (f"  ssh-ed25519 {A}   me@there and more  ", [], "me@there and more"),
        (f"no-pty ssh-ed25519 {A} me", ["no-pty"], "me"),
        (
            f"{FANCY} ssh-ed25519 {A} me",
            ["no-pty", 'from="10.1.0.0/16,10.2.0.0/16"', 'command="echo \\"a, b\\" # x"'],
            "me",
        ),
        (f'command="ssh-rsa {RSA}" ssh-ed25519 {A}', [f'command="ssh-rsa {RSA}"'], ""),
        (f"cert-authority\tssh-ed25519\t{A}\tme", ["cert-authority"], "me"),
    ],
)
def test_line_is_read(line: str, options: list[str], comment: str) -> None:
    found = AuthorizedKey.read(line)
    assert found == AuthorizedKey(
        public=PublicKey(enc="ssh-ed25519", key=A), comment=comment, options=tuple(options)
    )
    assert AuthorizedKey.read(found.text()) == found


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# ssh-ed25519 x",
        "ssh-ed25519",
        "ssh-ed25519 !!",
        f"ssh-rsa {A}",
        'command="open ssh-rsa AAAA',
        "a b c",
    ],
)
def test_line_without_a_key_is_none(line: str) -> None:
    assert AuthorizedKey.read(line) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("a", ["a"]),
        ('a="1,2",b', ['a="1,2"', "b"]),
        (r'a="\",x",b', [r'a="\",x"', "b"]),
        ("a,,b", ["a", "b"]),
    ],
)
def test_options_are_split_outside_quotes(text: str, expected: list[str]) -> None:
    assert split_options(text) == expected


def test_first_key_makes_folder_and_file_of_the_users(ask: Ask, home: Path) -> None:
    assert ask(f"ssh.set_auth_key bob {A} comment='me there' options={shlex.quote(FANCY)}") == "new"
    file = home / ".ssh" / "authorized_keys"
    assert file.read_text() == f"{FANCY} ssh-ed25519 {A} me there\n"
    for path, mode in ((file, 0o600), (file.parent, 0o700)):
        found = path.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (UID, GID, mode)
    assert list(file.parent.iterdir()) == [file]


def test_keys_are_told(ask: Ask, home: Path) -> None:
    put(home / ".ssh" / "authorized_keys", f"# mine\nno-pty ssh-ed25519 {A} me\n\nssh-rsa {RSA}\nrubbish\n")
    found = ask("ssh.auth_keys bob")
    assert found == {
        A: {
            **{"enc": "ssh-ed25519", "comment": "me", "options": ["no-pty"]},
            "fingerprint": PublicKey.read(A).fingerprint(),
        },
        RSA: {**found[RSA], "enc": "ssh-rsa", "comment": "", "options": []},
    }
    assert ask("ssh.auth_keys") == ask("""ssh.auth_keys '["bob"]'""") == {"bob": found}
    assert len(ask("ssh.auth_keys bob fingerprint_hash_type=md5")[A]["fingerprint"]) == 47


def test_users_without_keys(ask: Ask, home: Path) -> None:
    assert ask("ssh.auth_keys bob") == {}
    assert ask("ssh.auth_keys") == {}
    with pytest.raises(ModuleError, match="there is no user 'eve'"):
        ask("ssh.auth_keys eve")


def test_key_is_set_in_its_place_and_the_rest_kept(ask: Ask, home: Path) -> None:
    before = (
        f"# mine\x0bstill mine\nssh-rsa {RSA} x\nssh-ed25519 {A} old\nrubbish\nno-pty ssh-ed25519 {A} twice"
    )
    file = put(home / ".ssh" / "authorized_keys", before, 0o644)
    assert ask(f"ssh.check_key bob {A} comment=new") == "update"
    assert ask(f"ssh.set_auth_key bob {A} comment=new") == "replace"
    assert file.read_text() == f"# mine\x0bstill mine\nssh-rsa {RSA} x\nssh-ed25519 {A} new\nrubbish\n"
    assert file.stat().st_mode & 0o7777 == 0o644
    inode = file.stat().st_ino
    assert ask(f"ssh.check_key bob {A} comment=new") == "exists"
    assert ask(f"ssh.set_auth_key bob {A} comment=new") == "no change"
    assert file.stat().st_ino == inode
    assert ask(f"ssh.check_key bob {B}") == "add"


def test_whole_line_of_a_pub_file_will_do(ask: Ask, home: Path) -> None:
    assert ask(f"ssh.set_auth_key bob 'ssh-rsa {RSA} me@there'") == "new"
    assert (home / ".ssh" / "authorized_keys").read_text() == f"ssh-rsa {RSA} me@there\n"


def test_key_is_removed(ask: Ask, home: Path) -> None:
    assert ask(f"ssh.rm_auth_key bob {A}") == f"Authorized keys file {home}/.ssh/authorized_keys not present"
    file = put(
        home / ".ssh" / "authorized_keys", f"# x\nssh-ed25519 {A} a\nssh-rsa {RSA}\nno-pty ssh-ed25519 {A}\n"
    )
    assert ask(f"ssh.rm_auth_key bob {B}") == "Key not present"
    assert ask(f"ssh.rm_auth_key bob {A}") == "Key removed"
    assert file.read_text() == f"# x\nssh-rsa {RSA}\n"


def test_keys_come_from_a_file(ask: Ask, home: Path, tmp_path: Path) -> None:
    source = tmp_path / "keys"
    source.write_text(f"# ours\nssh-ed25519 {A} a\n\nno-pty ssh-rsa {RSA}\n")
    line = f"ssh.set_auth_key_from_file bob {source}"
    assert ask(line) == "new"
    assert ask(line) == "no change"
    assert list(ask("ssh.auth_keys bob")) == [A, RSA]
    source.write_text(f"ssh-ed25519 {A} b\nssh-ed25519 {B} b\n")
    assert ask(line) == "replace"
    source.write_text(f"ssh-ed25519 {key(seed=9)}\nrubbish\n")
    with pytest.raises(ArgumentError, match=r"keys:2 is no public key; nothing was changed"):
        ask(line)
    assert set(ask("ssh.auth_keys bob")) == {A, B, RSA}
    source.write_text("# none\n")
    with pytest.raises(ArgumentError, match="holds no public key"):
        ask(line)
    with pytest.raises(ModuleError, match="only a path on the box"):
        ask("ssh.set_auth_key_from_file bob salt://keys")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"{A} enc=ssh-rsa", "the key is of the kind ssh-ed25519, not ssh-rsa"),
        ("rubbish!", "is not base64"),
        ("AAAA", "does not begin with its kind"),
        ("AAAAB3NzaC1yc2E=", "does not begin with its kind"),
        (f"{A} comment='a\nssh-rsa b'", "comment must be one line"),
        (f"{A} options='no-pty ssh-rsa'", "is no option"),
        (f"""{A} options='command="open'""", "is no option"),
        (f"""{A} options='["a,b"]'""", "is no option"),
        (f"{A} options=" + shlex.quote(json.dumps(["no-pty\n"])), "is no option"),
        ("A" * 20_000, "too long"),
    ],
)
def test_what_would_be_another_line_is_refused(ask: Ask, home: Path, words: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ask(f"ssh.set_auth_key bob {words}")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("enc", ["ed25519", "ssh-ed25519"])
def test_kind_may_be_written_short(ask: Ask, home: Path, enc: str) -> None:
    assert ask(f"ssh.set_auth_key bob {A} enc={enc}") == "new"
    assert (home / ".ssh" / "authorized_keys").read_text() == f"ssh-ed25519 {A}\n"


def test_other_places_are_reached_as_in_sshd(ask: Ask, home: Path) -> None:
    assert ask(f"ssh.set_auth_key bob {A} config=%h/.ssh/%u%%keys") == "new"
    assert (home / ".ssh" / "bob%keys").exists()
    assert ask(f"ssh.rm_auth_key bob {A} config={home}/.ssh/bob%%keys") == "Key removed"


def test_one_home_that_cannot_be_read_does_not_hide_others(
    ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(home / ".ssh" / "authorized_keys", f"ssh-ed25519 {A}\n")
    bob = pwd.getpwnam("bob")
    eve = pwd.struct_passwd(("eve", "x", UID, GID, "", "/dev/null", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", {"bob": bob, "eve": eve}.__getitem__)
    assert list(ask("""ssh.auth_keys '["eve", "bob"]'""")) == ["bob"]
    with pytest.raises(ModuleError, match="is not touched"):
        ask("ssh.auth_keys eve")
