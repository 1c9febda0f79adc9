"""Keys change while everything runs: the master's sign key, its CURVE key, a minion's keys. Nobody joins again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.fleet import Fleet, short_folder, until

BOX: Final = "box-1"
HEALED_S: Final = 40.0


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A master whose root key is offline, and a minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        (pki(fleet) / "root.key").rename(folder / "stick")
        fleet.join(BOX)
        yield fleet


def test_sign_key_is_renewed_and_minions_notice_nothing(fleet: Fleet) -> None:
    before = certificate(fleet)
    box = fleet.minions[BOX]
    fleet.keys("--rotate-sign", *root_key(fleet))
    assert answers(fleet), "the master that runs goes on with the old one"
    assert certificate(fleet) == before
    restart(fleet)
    wait_answer(fleet)
    assert certificate(fleet)["serial"] > before["serial"]
    assert certificate(fleet)["days left"] >= 396
    assert box.alive
    assert minion_masters(fleet) == papers(fleet)


def test_curve_key_changes_in_two_steps_and_the_minion_follows(fleet: Fleet) -> None:
    old = curve_keys(fleet)
    fleet.keys("--rotate-curve", *root_key(fleet))
    assert fleet.master is not None
    fleet.master.send_signal(signal.SIGHUP)
    until("the minion to know the new key", lambda: minion_masters(fleet) == papers(fleet), HEALED_S)
    current, coming = curve_keys(fleet)
    assert [current, ""] == old
    assert answers(fleet), "over the same connection"
    fleet.keys("--switch-curve", *root_key(fleet))
    restart(fleet)
    wait_answer(fleet)
    assert curve_keys(fleet) == [coming, current]
    assert fleet.minions[BOX].alive

    fleet.minions[BOX].stop()
    fleet.start_minion(BOX)
    wait_answer(fleet)
    late = "box-2"
    fleet.join(late)
    assert answers(fleet, late), "the join string has the new key"


def test_announcement_reaches_a_minion_with_its_next_welcome(fleet: Fleet) -> None:
    fleet.keys("--rotate-curve", *root_key(fleet))
    restart(fleet)
    until("the minion to know the new key", lambda: minion_masters(fleet) == papers(fleet), HEALED_S)
    fleet.minions[BOX].stop(signal.SIGKILL)
    fleet.keys("--switch-curve", *root_key(fleet))
    restart(fleet)
    fleet.start_minion(BOX)
    wait_answer(fleet)


def test_minion_changes_its_keys_and_keeps_its_place(fleet: Fleet) -> None:
    fleet.runner("tag.set", BOX, "site=paris")
    for _ in range(2):
        before = fingerprint(fleet)
        assert fleet.shoal(BOX, "minion.rotate_key", check=True).stdout == f"{BOX}:\n    True\n"
        until("the new keys", lambda before=before: fingerprint(fleet) != before, HEALED_S)  # type: ignore[misc]
        wait_answer(fleet)
        until("the old keys to go", lambda: not staged(fleet), HEALED_S)
    assert fleet.shoal("T@site:paris", "-C", "test.ping").returncode == 0
    now = fingerprint(fleet)
    restart(fleet)
    wait_answer(fleet)
    fleet.minions[BOX].stop(signal.SIGKILL)
    fleet.start_minion(BOX)
    wait_answer(fleet)
    assert fingerprint(fleet) == now
    assert fleet.keys("-L") == f"Accepted Keys:\n{BOX}\nDenied Keys:\nUnaccepted Keys:\nRejected Keys:\n"


def test_minion_whose_answer_was_lost_finds_out_by_itself(fleet: Fleet) -> None:
    """It was killed after the master took its new keys and before it could put them in place."""
    old = (minion_pki(fleet) / "minion.key").read_bytes()
    before = fingerprint(fleet)
    fleet.shoal(BOX, "minion.rotate_key", check=True)
    until("the new keys", lambda: fingerprint(fleet) != before, HEALED_S)
    until("the new keys to be in place", lambda: not staged(fleet), HEALED_S)
    fleet.minions[BOX].stop(signal.SIGKILL)
    (minion_pki(fleet) / "minion.key").rename(minion_pki(fleet) / "minion.key.new")
    (minion_pki(fleet) / "minion.key").write_bytes(old)
    (minion_pki(fleet) / "minion.key").chmod(0o600)
    fleet.start_minion(BOX)
    wait_answer(fleet)
    until("the new keys to be in place", lambda: not staged(fleet), HEALED_S)


# -------------------------------------------------------------------- tools


def pki(fleet: Fleet) -> Path:
    return fleet.master_root / "etc/shoal/pki/master"


def minion_pki(fleet: Fleet) -> Path:
    return fleet.minion_root(BOX) / "etc/shoal/pki/minion"


def staged(fleet: Fleet) -> bool:
    """True while the minion has two pairs of keys."""
    return (minion_pki(fleet) / "minion.key.new").exists()


def root_key(fleet: Fleet) -> tuple[str, str]:
    return "--root-key", str(fleet.folder / "stick")


def papers(fleet: Fleet) -> bytes:
    """Return the master's masters document."""
    return (pki(fleet) / "masters.doc").read_bytes()


def minion_masters(fleet: Fleet) -> bytes:
    """Return the masters document that the minion keeps."""
    path = fleet.minion_root(BOX) / "var/lib/shoal/minion/masters.doc"
    return path.read_bytes() if path.exists() else b""


def certificate(fleet: Fleet) -> dict[str, Any]:
    return dict(fleet.runner("manage.certificate")["certificate"])


def curve_keys(fleet: Fleet) -> list[str]:
    """Return the master's CURVE key and the other one that minions know."""
    (entry,) = fleet.runner("manage.certificate")["masters document"]["masters"].values()
    return [entry["CURVE key"], entry["next CURVE key"]]


def fingerprint(fleet: Fleet) -> str:
    return next(line for line in fleet.keys("-f", BOX).splitlines() if line.startswith(f"{BOX}:"))


def restart(fleet: Fleet) -> None:
    assert fleet.master is not None
    fleet.master.stop()
    fleet.start_master()


def answers(fleet: Fleet, minion: str = BOX) -> bool:
    return fleet.shoal(minion, "test.ping", "-t", "1").returncode == 0


def wait_answer(fleet: Fleet) -> None:
    until("an answer", lambda: answers(fleet), HEALED_S)
