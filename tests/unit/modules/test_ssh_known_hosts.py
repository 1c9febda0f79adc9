"""`ssh.*` about hosts, with a fake ssh-keyscan; what is written is what the real ssh-keygen finds."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from modules.ssh import hosts_file, known_hosts
from modules.ssh.host_entry import HostEntry, hashed, name_of
from modules.ssh.public_key import PublicKey
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.ssh_home import GID, RSA, UID, A, Ask, B, as_root, home, put

__all__ = ["home"]
KEYGEN = shutil.which("ssh-keygen") or ""
needs_keygen = pytest.mark.skipif(not KEYGEN, reason="needs ssh-keygen")
FINGERPRINT = PublicKey.read(A).fingerprint()
# In the form that ssh-keyscan of OpenSSH 9 prints.
SCANNED = f"host.example ssh-rsa {RSA}\nhost.example ssh-ed25519 {A}\n"
BANNER = "# host.example:22 SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u6\n"


@pytest.fixture
def scanned(programs: FakePrograms) -> FakePrograms:
    """There is a host that has A and RSA."""
    programs.say("ssh-keyscan", SCANNED, err=BANNER)
    return programs


def file_of(home: Path) -> Path:
    return home / ".ssh" / "known_hosts"


def test_hosts_keys_are_asked_for(ask: Ask, scanned: FakePrograms) -> None:
    found = ask("ssh.recv_known_host_entries Host.Example hash_known_hosts=false")
    assert [(each["hostname"], each["enc"], each["key"]) for each in found] == [
        ("host.example", "ssh-rsa", RSA),
        ("host.example", "ssh-ed25519", A),
    ]
    assert found[1]["fingerprint"] == FINGERPRINT
    assert ask("ssh.recv_known_host_entries h ecdsa-sha2-nistp256 2222 timeout=7")[0]["hostname"].startswith(
        "|1|"
    )
    assert scanned.calls() == [
        ["ssh-keyscan", "-T", "5", "-p", "22", "--", "Host.Example"],
        ["ssh-keyscan", "-T", "7", "-p", "2222", "-t", "ecdsa", "--", "h"],
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("ssh.recv_known_host_entries -f/etc/shadow", "is no host name"),
        ("ssh.recv_known_host_entries 'a b'", "is no host name"),
        ("ssh.recv_known_host_entries a,b", "is no host name"),
        ("ssh.recv_known_host_entries a -v", "is no kind of key"),
        ("ssh.recv_known_host_entries a rsa 65536", "port 65536 is out of range"),
        ("ssh.recv_known_host_entries a timeout=0", "timeout 0 is out of range"),
        ("ssh.set_known_host bob", "'' is no host name"),
        ("ssh.set_known_host bob a fingerprint=xyz", "is no fingerprint"),
        ("ssh.set_known_host bob a fingerprint=SHA256:abc", "is no fingerprint"),
        (
            f"ssh.set_known_host bob a key={A} fingerprint={PublicKey.read(B).fingerprint()}",
            "the key is ssh-ed25519 SHA256:",
        ),
        (f"ssh.set_known_host bob a key={A} enc=ssh-rsa", "the key is of the kind"),
    ],
)
def test_what_cannot_be_is_told(ask: Ask, home: Path, scanned: FakePrograms, line: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ask(line)
    assert not file_of(home).exists()


def test_host_that_does_not_answer_is_told(ask: Ask, programs: FakePrograms) -> None:
    with pytest.raises(UnavailableError, match="install openssh-client"):
        ask("ssh.recv_known_host_entries a")
    programs.say("ssh-keyscan", err="getaddrinfo a: Name or service not known\n", code=1)
    with pytest.raises(ModuleError, match="a port 22 told no key within 5 s: getaddrinfo a: Name or service"):
        ask("ssh.recv_known_host_entries a")


def test_key_that_is_given_is_noted_unseen(ask: Ask, home: Path, programs: FakePrograms) -> None:
    line = f"ssh.set_known_host bob Host.Example key={A} hash_known_hosts=false"
    assert ask(line) == {
        "status": "updated",
        "old": [],
        "new": [{"hostname": "Host.Example", "enc": "ssh-ed25519", "key": A, "fingerprint": FINGERPRINT}],
    }
    assert file_of(home).read_text() == f"host.example ssh-ed25519 {A}\n"
    assert ask(line) == {"status": "exists", "key": [A]}
    found = file_of(home).stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (UID, GID, 0o600)


def test_only_the_key_with_the_fingerprint_is_noted(ask: Ask, home: Path, scanned: FakePrograms) -> None:
    line = f"ssh.set_known_host bob host.example fingerprint={FINGERPRINT}"
    assert [each["key"] for each in ask(line)["new"]] == [A]
    assert file_of(home).read_text().startswith("|1|")
    assert ask(line) == {"status": "exists", "key": [A]}
    assert len(scanned.calls()) == 1  # a host that is known is not asked
    assert [each["key"] for each in ask("ssh.get_known_host_entries bob HOST.example")] == [A]


def test_host_with_another_key_than_the_fingerprint_is_refused(
    ask: Ask, home: Path, scanned: FakePrograms
) -> None:
    wrong = PublicKey.read(B).fingerprint()
    with pytest.raises(ModuleError, match=f"has no key with the fingerprint {wrong}, but ssh-rsa SHA256:"):
        ask(f"ssh.set_known_host bob host.example fingerprint={wrong}")
    assert not file_of(home).exists()


def test_known_host_with_another_key_is_not_believed(ask: Ask, home: Path, scanned: FakePrograms) -> None:
    assert [each["key"] for each in ask("ssh.set_known_host bob host.example")["new"]] == [RSA, A]
    assert ask("ssh.set_known_host bob host.example") == {"status": "exists", "key": [RSA, A]}
    before = file_of(home).read_text()
    scanned.say("ssh-keyscan", f"host.example ssh-ed25519 {B}\n")
    with pytest.raises(ModuleError, match=r"shows another key than .* give its fingerprint or key"):
        ask("ssh.set_known_host bob host.example")
    assert file_of(home).read_text() == before
    assert ask(f"ssh.set_known_host bob host.example key={B}")["status"] == "updated"
    assert [each["key"] for each in ask("ssh.get_known_host_entries bob host.example")] == [B]


def test_what_is_to_be_done_is_said(ask: Ask, home: Path, programs: FakePrograms) -> None:
    assert ask("ssh.check_known_host bob host.example") == "add"
    ask(f"ssh.set_known_host bob host.example key={A}")
    assert ask("ssh.check_known_host bob host.example") == "exists"
    assert ask(f"ssh.check_known_host bob host.example key={A}") == "exists"
    assert ask(f"ssh.check_known_host bob host.example fingerprint={FINGERPRINT}") == "exists"
    assert ask(f"ssh.check_known_host bob host.example key={B}") == "update"
    assert ask(f"ssh.check_known_host bob host.example fingerprint={FINGERPRINT} enc=rsa") == "update"
    assert ask("ssh.check_known_host bob host.example port=2222") == "add"


def test_one_host_is_forgotten_and_the_rest_kept(ask: Ask, home: Path) -> None:
    other = hashed("other.example")
    kept = (
        f"# mine\n@revoked host.example ssh-ed25519 {B}\n*.example ssh-ed25519 {B}\n{other} ssh-ed25519 {A}\n"
    )
    text = f"{kept}Host.Example,10.0.0.1 ssh-ed25519 {A} why\n{hashed('host.example')} ssh-rsa {RSA}\n"
    file = put(file_of(home), text)
    assert ask("ssh.rm_known_host bob host.example")["status"] == "removed"
    assert file.read_text() == f"{kept}10.0.0.1 ssh-ed25519 {A} why\n"
    assert ask("ssh.rm_known_host bob host.example")["status"] == "absent"
    assert ask("ssh.get_known_host_entries bob host.example") is None
    assert ask("ssh.get_known_host_entries bob other.example")[0]["key"] == A


def test_names_become_illegible(ask: Ask, home: Path) -> None:
    file = put(
        file_of(home), f"# x\na,b,*.c ssh-ed25519 {A} why\n*.d,!e.d ssh-ed25519 {B}\n[a]:2222 ssh-rsa {RSA}\n"
    )
    assert ask("ssh.hash_known_hosts bob")["comment"] == f"3 names were hashed in {file}"
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# x", f"*.c ssh-ed25519 {A} why"]
    assert f"*.d,!e.d ssh-ed25519 {B}" in lines
    text = file.read_text()
    for name, key in (("a", A), ("b", A), ("[a]:2222", RSA)):
        assert [each.key for each in hosts_file.keys_of(text, name)] == [key]
    assert ask("ssh.hash_known_hosts bob")["comment"] == f"0 names were hashed in {file}"
    assert file.read_text() == text


@as_root
def test_file_of_the_box_is_meant_without_a_user(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ssh_known_hosts"
    monkeypatch.setattr(known_hosts, "SYSTEM_FILE", str(path))
    assert ask(f"ssh.set_known_host hostname=h key={A} hash_known_hosts=false")["status"] == "updated"
    assert path.read_text() == f"h ssh-ed25519 {A}\n"
    assert path.stat().st_mode & 0o7777 == 0o644


@needs_keygen
@pytest.mark.parametrize("port", [None, 2222])
@pytest.mark.parametrize("hide", [True, False])
def test_real_ssh_keygen_finds_what_was_written(tmp_path: Path, port: int | None, hide: bool) -> None:
    name = name_of("Host.Example", port)
    file = tmp_path / "known_hosts"
    file.write_text(hosts_file.with_host("", name, [PublicKey.read(A)], hide=hide))
    argv = [KEYGEN, "-F", name, "-f", str(file)]
    assert A in subprocess.run(argv, capture_output=True, text=True, check=True).stdout


@needs_keygen
def test_what_real_ssh_keygen_hashed_is_found(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"host.example,[host.example]:2222 ssh-ed25519 {A}\n")
    subprocess.run([KEYGEN, "-H", "-f", str(file)], capture_output=True, check=True)
    assert "host" not in file.read_text()
    assert [each.key for each in hosts_file.keys_of(file.read_text(), "[host.example]:2222")] == [A]


@needs_keygen
@pytest.mark.parametrize("hash_type", ["sha256", "sha512", "md5"])
def test_fingerprint_is_the_one_that_real_ssh_keygen_tells(tmp_path: Path, hash_type: str) -> None:
    file = tmp_path / "key.pub"
    file.write_text(f"ssh-ed25519 {A} me\n")
    argv = [KEYGEN, "-l", "-E", hash_type, "-f", str(file)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()[1]
    assert PublicKey.read(A).has(told)
    assert hash_type != "sha256" or PublicKey.read(A).shown() == f"ssh-ed25519 {told}"
    assert not PublicKey.read(B).has(told)


@pytest.mark.parametrize(
    "line",
    ["", "# x", f"# ssh-ed25519 {A}", "@cert-authority *.x ssh-ed25519 AAAA", "h ssh-ed25519", "h ssh-rsa !"],
)
def test_line_without_a_key_is_none(line: str) -> None:
    assert HostEntry.read(line) is None


@pytest.mark.parametrize("name", ["|1|", "|1|!|x", "|1||", "|1|AAAA|AAAA"])
def test_hash_that_is_none_matches_nothing(name: str) -> None:
    assert not HostEntry(names=(name,), public=PublicKey.read(A)).has("host")


def test_names_are_what_ssh_calls_them() -> None:
    assert name_of("A", None) == name_of("a", 22) == "a"
    assert name_of("::1", 2222) == "[::1]:2222"
