"""`ssh_auth`: the keys of bob, whose home is the test's. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.modules.ssh_home import A, B, as_root, home, key, put
from tests.unit.states.trial import Box, context

__all__ = ["home"]
C = key(seed=3)
pytestmark = as_root


@pytest.fixture
def box(home: Path) -> Box:
    return Box(home)


def test_key_is_added_and_its_folder_made(box: Box) -> None:
    would = box.run("ssh_auth.present", A, test=True, user="bob", enc="ssh-ed25519")
    assert would.comment == f"Key {A} for user bob is set to be added"
    outcome = box.cycle("ssh_auth.present", A, user="bob", enc="ssh-ed25519", comment="me")
    assert outcome.comment == f"The authorized host key {A} for user bob was added"
    assert outcome.changes == {A: "New"}


def test_key_gets_just_the_options_that_are_given(box: Box, home: Path) -> None:
    file = put(home / ".ssh/authorized_keys", f'# mine\nfrom="10.0.0.1" ssh-ed25519 {A} me\n')
    outcome = box.cycle("ssh_auth.present", f"no-pty ssh-ed25519 {A} you", user="bob")
    assert outcome.changes == {A: "Updated"}
    box.run("ssh_auth.present", f"no-pty ssh-ed25519 {A} you", user="bob")
    assert file.read_text() == f"# mine\nno-pty ssh-ed25519 {A} you\n"
    outcome = box.run("ssh_auth.present", f"no-pty ssh-ed25519 {A} you", user="bob")
    assert outcome.comment == f"The authorized host key {A} is already present for user bob"


def test_options_may_stand_in_one_text(box: Box, home: Path) -> None:
    box.run(
        "ssh_auth.present", A, user="bob", options=['no-pty,from="10.0.0.1,10.0.0.2"', "no-X11-forwarding"]
    )
    text = (home / ".ssh/authorized_keys").read_text()
    assert text == f'no-pty,from="10.0.0.1,10.0.0.2",no-X11-forwarding ssh-ed25519 {A}\n'


def test_key_is_removed_whatever_its_options(box: Box, home: Path) -> None:
    put(home / ".ssh/authorized_keys", f"ssh-ed25519 {B}\nno-pty ssh-ed25519 {A} me\n# end")
    would = box.run("ssh_auth.absent", A, test=True, user="bob")
    assert would.comment == f"Key {A} for user bob is set for removal"
    outcome = box.cycle("ssh_auth.absent", A, user="bob")
    assert (outcome.comment, outcome.changes) == ("Key removed", {A: "Removed"})


def test_key_that_is_not_there_is_left_alone(box: Box) -> None:
    assert box.run("ssh_auth.absent", A, test=True, user="bob").comment == "Key is already absent"
    assert box.run("ssh_auth.absent", A, user="bob").comment == "Key not present"


def test_manage_lets_no_other_key_in(box: Box, home: Path) -> None:
    put(home / ".ssh/authorized_keys", f"ssh-ed25519 {A} a\nssh-ed25519 {B} b\n")
    lines = [f"ssh-ed25519 {A} a", f"ssh-ed25519 {C} c"]
    would = box.run("ssh_auth.manage", "x", test=True, user="bob", ssh_keys=lines)
    assert would.comment.splitlines() == [
        f"{B} Key set for removal",
        f"The authorized host key {A} is already present for user bob",
        f"Key {C} for user bob is set to be added",
    ]
    outcome = box.cycle("ssh_auth.manage", "x", user="bob", ssh_keys=lines)
    assert outcome.changes == {B: "Key removed", C: "New"}


def test_keys_come_from_a_file_of_the_master(home: Path, tmp_path: Path) -> None:
    roots = tmp_path / "roots"
    roots.mkdir()
    (roots / "bob.pub").write_text(f"# two\nssh-ed25519 {A} a\nno-pty ssh-ed25519 {B} b\n")
    box = Box(home, context(roots))
    outcome = box.cycle("ssh_auth.present", "x", user="bob", source="salt://bob.pub")
    assert outcome.changes == {A: "New", B: "New"}
    assert box.run("ssh_auth.present", "x", user="bob", source="salt://no.pub").result is False


@pytest.mark.parametrize("name", ["bad key", "AAAA", ""])
def test_what_is_no_key_is_refused_in_a_trial_too(box: Box, name: str) -> None:
    assert box.run("ssh_auth.present", name, test=True, user="bob").result is False


def test_kind_that_contradicts_the_key_is_refused(box: Box) -> None:
    outcome = box.run("ssh_auth.present", A, user="bob", enc="rsa")
    assert outcome.comment == "the key is of the kind ssh-ed25519, not rsa"


def test_user_who_is_made_earlier_in_the_run_is_promised_a_key(box: Box) -> None:
    would = box.run("ssh_auth.present", A, test=True, user="eve")
    assert (would.result, would.comment) == (None, f"Key {A} for user eve is set to be added")
    assert box.run("ssh_auth.present", A, user="eve").comment == "there is no user 'eve' on this box"
    box.undo()  # of what was never done


def test_link_in_place_of_the_file_is_not_read(box: Box, home: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret\n")
    put(home / ".ssh/authorized_keys", "").unlink()
    (home / ".ssh/authorized_keys").symlink_to(tmp_path / "secret")
    plan = box.plan("ssh_auth.present", A, user="bob")
    assert (plan.result, plan.steps) == (False, ())
    assert "is not touched: a link" in plan.did
