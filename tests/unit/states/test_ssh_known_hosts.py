"""`ssh_known_hosts`: the file of bob, whose home is the test's. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.ssh.public_key import PublicKey
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.ssh_home import A, B, as_root, home, put
from tests.unit.states.trial import Box

__all__ = ["home"]
pytestmark = as_root
HOST = "git.example.org"


@pytest.fixture
def box(home: Path) -> Box:
    return Box(home)


@pytest.fixture
def shows_b(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """The host, when it is asked, shows key B."""
    programs = FakePrograms(tmp_path / "fakes", monkeypatch)
    programs.say("ssh-keyscan", f"{HOST} ssh-ed25519 {B}\n")
    return programs


def test_key_is_noted_and_the_folder_made(box: Box) -> None:
    would = box.run("ssh_known_hosts.present", HOST, test=True, user="bob", key=A, enc="ssh-ed25519")
    assert would.comment == f"Key for {HOST} is set to be added to .ssh/known_hosts"
    outcome = box.cycle("ssh_known_hosts.present", HOST, user="bob", key=A, enc="ssh-ed25519")
    assert outcome.comment == f"{HOST}'s key saved to .ssh/known_hosts (key: {A})"
    fingerprint = PublicKey.read(A).fingerprint()
    entry = {"hostname": HOST, "enc": "ssh-ed25519", "key": A, "fingerprint": fingerprint}
    assert outcome.changes == {"old": None, "new": [entry]}


def test_other_key_takes_the_place_of_the_one_that_was_noted(box: Box, home: Path) -> None:
    put(home / ".ssh/known_hosts", f"# mine\n{HOST},10.0.0.1 ssh-ed25519 {A}\nother ssh-ed25519 {B}\n")
    would = box.run("ssh_known_hosts.present", HOST, test=True, user="bob", key=B)
    assert would.comment == f"Key for {HOST} is set to be updated in .ssh/known_hosts"
    outcome = box.cycle("ssh_known_hosts.present", HOST, user="bob", key=B)
    assert outcome.changes["old"][0]["key"] == A


def test_known_key_stays(box: Box, home: Path) -> None:
    put(home / ".ssh/known_hosts", f"{HOST} ssh-ed25519 {A}\n")
    outcome = box.run("ssh_known_hosts.present", HOST, user="bob", key=A)
    assert (outcome.changes, outcome.comment) == ({}, f"{HOST} already exists in .ssh/known_hosts")


def test_way_back_leaves_what_others_have_written_since(box: Box, home: Path) -> None:
    box.run("ssh_known_hosts.present", HOST, user="bob", key=A)
    with (home / ".ssh/known_hosts").open("a") as file:
        file.write(f"other ssh-ed25519 {B}\n")
    with pytest.raises(Exception, match="was changed since"):
        box.undo()
    assert "other ssh-ed25519" in (home / ".ssh/known_hosts").read_text()


def test_host_is_not_asked_by_a_trial(box: Box, shows_b: FakePrograms) -> None:
    outcome = box.run("ssh_known_hosts.present", HOST, test=True, user="bob")
    assert (outcome.result, shows_b.calls()) == (None, [])


def test_key_with_the_fingerprint_is_noted(box: Box, shows_b: FakePrograms, home: Path) -> None:
    wanted = PublicKey.read(B).fingerprint()
    outcome = box.run("ssh_known_hosts.present", HOST, user="bob", fingerprint=wanted, hash_known_hosts=False)
    assert outcome.comment == f"{HOST}'s key saved to .ssh/known_hosts (fingerprint: {wanted})"
    assert (home / ".ssh/known_hosts").read_text() == f"{HOST} ssh-ed25519 {B}\n"
    box.undo()
    assert not (home / ".ssh").exists()


def test_host_that_shows_another_key_is_not_noted(box: Box, shows_b: FakePrograms, home: Path) -> None:
    outcome = box.run(
        "ssh_known_hosts.present", HOST, user="bob", fingerprint=PublicKey.read(A).fingerprint()
    )
    assert outcome.result is False
    assert "has no key with the fingerprint" in outcome.comment
    assert not (home / ".ssh/known_hosts").exists()


def test_key_and_fingerprint_together_are_refused(box: Box) -> None:
    outcome = box.run("ssh_known_hosts.present", HOST, user="bob", key=A, fingerprint="01:02", test=True)
    assert (outcome.result, outcome.comment) == (False, 'Specify either "key" or "fingerprint", not both.')


def test_host_is_forgotten(box: Box, home: Path) -> None:
    put(home / ".ssh/known_hosts", f"[{HOST}]:2222,x ssh-ed25519 {A}\n{HOST} ssh-ed25519 {B}")
    outcome = box.cycle("ssh_known_hosts.absent", HOST, user="bob", port=2222)
    assert outcome.comment == f"Key for {HOST} was removed from .ssh/known_hosts"
    assert (outcome.changes["old"][0]["key"], outcome.changes["new"]) == (A, None)


def test_host_that_is_not_known_is_left_alone(box: Box) -> None:
    assert box.run("ssh_known_hosts.absent", HOST, user="bob").comment == "Host is already absent"


def test_user_who_is_made_earlier_in_the_run_is_promised_the_key(box: Box) -> None:
    assert box.run("ssh_known_hosts.present", HOST, test=True, user="eve", key=A).result is None
    assert box.run("ssh_known_hosts.present", HOST, user="eve", key=A).result is False
    box.undo()  # of what was never done
