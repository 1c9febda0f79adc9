"""A box changes its keys: whatever gets lost on the way, it keeps a pair that its master knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from minion.key_change import KeyChange
from minion.membership import Membership
from pki.keys import NodeKeys
from pki.rotation import judge_rotation
from pki.welcome import Welcome
from shoal.errors import ConfigError, TrustError
from shoal.paths import Paths

NOW = 1_800_000_000.0
ACCEPTED = Welcome(nonce=bytes(16), status="accepted", time=NOW)
DENIED = Welcome(nonce=bytes(16), status="denied", time=NOW, retry_after_s=300.0)


class Box:
    """A box with its files, and a master that knows one pair of it."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths.for_minion(str(root))
        self.paths.prepare()
        self.used: list[tuple[NodeKeys, float]] = []
        self.start()
        self.known = self.change.keys

    def start(self) -> None:
        """Start the daemon, or start it again."""
        self.membership = Membership(self.paths)
        self.change = KeyChange(self.membership, "box1", lambda keys, delay: self.used.append((keys, delay)))

    def ask(self) -> bytes:
        return self.change.ask(NOW)

    def master_takes(self, message: bytes) -> None:
        """Let the master put the new pair on record."""
        self.known = self._asked_for(message)

    def _asked_for(self, message: bytes) -> NodeKeys:
        record = (self.known.sign.public, self.known.curve.public)
        rotation = judge_rotation(message, "box1", record, NOW)
        staged = self.membership.staged_keys()
        assert (rotation.sign_key, rotation.curve_key) == (staged.sign.public, staged.curve.public)
        return staged

    def connect(self) -> str:
        """Say hello with the keys in use; return the verdict."""
        same = self.change.keys.curve.public == self.known.curve.public
        self.change.welcomed(ACCEPTED if same else DENIED)
        return "accepted" if same else "denied"

    def on_disk(self) -> bytes:
        """The public half of the pair that the next start will use first."""
        return self.membership.keys().curve.public


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_new_keys_replace_the_old_ones_when_the_master_has_accepted_them(box: Box) -> None:
    old = box.on_disk()
    box.master_takes(box.ask())
    box.change.rotated()
    ((keys, delay),) = box.used
    assert (keys.curve.public, delay) == (box.known.curve.public, 0.0)
    assert box.on_disk() == old, "not before they have worked"
    assert box.connect() == "accepted"
    assert box.on_disk() == box.known.curve.public
    assert not box.membership.has_staged_keys()


def test_nothing_changes_while_the_master_has_not_answered(box: Box) -> None:
    old = box.on_disk()
    box.ask()
    assert box.connect() == "accepted"
    assert box.used == []
    assert box.on_disk() == old


@pytest.mark.parametrize("restart", [False, True])
def test_lost_answer_is_made_good_by_trying_the_staged_keys(box: Box, restart: bool) -> None:
    box.master_takes(box.ask())
    if restart:
        box.start()
    assert box.connect() == "denied", "the master knows the new pair only"
    assert box.connect() == "accepted"
    assert box.on_disk() == box.known.curve.public


def test_crash_between_acceptance_and_the_disk_is_made_good(box: Box) -> None:
    box.master_takes(box.ask())
    box.change.rotated()
    box.start()
    assert box.connect() == "denied"
    assert box.connect() == "accepted"
    assert box.on_disk() == box.known.curve.public


def test_denial_for_another_reason_costs_no_key(box: Box) -> None:
    """A staged pair that the master never took must not replace the one it knows."""
    old = box.on_disk()
    box.ask()
    box.change.welcomed(DENIED)  # a copied box, say
    assert box.connect() == "denied", "the staged pair is unknown there"
    assert box.on_disk() == old
    (_, first), (keys, second) = box.used
    assert (first, second) == (0.0, 300.0)
    assert keys.curve.public == old
    assert box.connect() == "accepted"


def test_denied_pairs_are_tried_in_turn_for_ever(box: Box) -> None:
    box.ask()
    for _ in range(10):
        box.change.welcomed(DENIED)
    assert [delay for _, delay in box.used] == [0.0, 300.0] * 5


def test_denial_without_staged_keys_is_only_waited_out(box: Box) -> None:
    box.change.welcomed(DENIED)
    assert box.used == []


def test_asking_again_asks_for_the_same_keys(box: Box) -> None:
    """The master may have them on record already: others would lock the box out."""
    first = box.ask()
    box.start()
    assert box.ask() == first


def test_word_of_a_rotation_that_nobody_asked_for_changes_nothing(
    box: Box, caplog: pytest.LogCaptureFixture
) -> None:
    box.change.rotated()
    assert box.used == []
    assert "the new keys cannot be used" in caplog.text


def test_word_that_comes_twice_counts_once(box: Box) -> None:
    box.master_takes(box.ask())
    box.change.rotated()
    box.change.rotated()
    assert len(box.used) == 1


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b""), lambda path: path.chmod(0o644)])
def test_damaged_staged_keys_leave_the_old_ones_in_use(box: Box, damage: Callable[[Path], object]) -> None:
    box.ask()
    staged = next(Path(box.paths.pki_dir).glob("*.new"))
    damage(staged)
    box.change.welcomed(DENIED)
    assert box.used == []
    with pytest.raises((ConfigError, TrustError)):
        box.ask()
    assert box.connect() == "accepted"
