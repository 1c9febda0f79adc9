"""The master's keys and papers: made at the first start, renewed in time, and whole after a cut at any step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from master.identity import RENEW_DAYS, Identity, IdentityFiles
from master.papers import CERTIFICATE_DAYS, Reach
from pki.masters import judge_masters
from pki.secret_file import load_node_keys, staged_path
from shoal.errors import ConfigError, ShoalError

NOW = 1_800_000_000.0
DAY = 86_400.0
RENAMES: tuple[tuple[Any, str], ...] = ((Path, "rename"), (Path, "replace"), (os, "link"))
REACH = Reach(name="m1", addresses=("192.0.2.1",), publish_port=4505, request_port=4506)


class PowerCut(BaseException):
    """The machine stops here."""


class Place:
    """A pki folder, its root key taken offline or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir(mode=0o700)
        self.usb_stick = folder.with_name(f"{folder.name}-usb")
        self.usb_stick.mkdir(mode=0o700)
        self.reach = REACH

    @property
    def files(self) -> IdentityFiles:
        return IdentityFiles(self.folder, self.reach)

    @property
    def root_key(self) -> Path:
        return self.usb_stick / "root.key"

    def open(self, now: float = NOW) -> Identity:
        return self.files.open(now)

    def go_offline(self) -> None:
        """Take the root key away."""
        (self.folder / "root.key").rename(self.root_key)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "pki")


@pytest.fixture
def offline(place: Place) -> Place:
    place.open()
    place.go_offline()
    return place


@contextmanager
def cut_at(step: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop the machine just before the file system's `step`-th rename (0: the first)."""
    left = [step]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def rename(*args: object, **kwargs: object) -> object:
            if left[0] == 0:
                raise PowerCut
            left[0] -= 1
            return real(*args, **kwargs)

        return rename

    with monkeypatch.context() as patch:
        for owner, name in RENAMES:
            patch.setattr(owner, name, counted(getattr(owner, name)))
        yield


def fits(identity: Identity) -> bool:
    """True when keys and certificate belong together and minions can find the keys."""
    keys, certificate = identity.keys, identity.certificate
    (entry,) = identity.masters.masters
    return (certificate.sign_key, certificate.curve_key) == (
        keys.sign.public,
        keys.curve.public,
    ) and keys.curve.public in entry.curve_keys()


# ---------------------------------------------------------------- first start


def test_first_start_makes_a_fleet_of_one(place: Place) -> None:
    identity = place.open()
    assert fits(identity)
    assert identity.certificate.name == "m1"
    assert identity.certificate.not_after == NOW + CERTIFICATE_DAYS * DAY
    (entry,) = identity.masters.masters
    assert (entry.addresses, entry.publish_port, entry.request_port) == (("192.0.2.1",), 4505, 4506)


def test_next_start_changes_nothing(place: Place) -> None:
    first = place.open()
    again = place.open(NOW + DAY)
    assert again.certificate_bytes == first.certificate_bytes
    assert again.masters_bytes == first.masters_bytes
    assert again.keys.curve.public == first.keys.curve.public


@pytest.mark.parametrize("step", range(6))
def test_first_start_that_is_cut_short_is_finished_by_the_next(
    place: Place, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with cut_at(step, monkeypatch):
            place.open()
    except PowerCut:
        pass
    assert fits(place.open())


def test_root_key_may_be_taken_away(offline: Place) -> None:
    assert fits(offline.open(NOW + DAY))


# ------------------------------------------------------------------ deadlines


def test_certificate_is_renewed_in_time_while_the_root_is_at_hand(place: Place) -> None:
    first = place.open()
    later = NOW + (CERTIFICATE_DAYS - RENEW_DAYS) * DAY + 1
    renewed = place.open(later)
    assert renewed.certificate.not_after == later + CERTIFICATE_DAYS * DAY
    assert renewed.keys.sign.public == first.keys.sign.public
    (entry,) = renewed.masters.masters
    assert entry.certificate == renewed.certificate_bytes
    assert renewed.masters.expires > first.masters.expires
    assert judge_masters(renewed.masters_bytes, renewed.anchor.root_public, first.masters, later)


def test_certificate_that_has_expired_is_no_lockout_while_the_root_is_at_hand(place: Place) -> None:
    place.open()
    assert fits(place.open(NOW + 2 * CERTIFICATE_DAYS * DAY))


def test_end_of_the_certificate_is_announced_when_the_root_is_away(
    offline: Place, caplog: pytest.LogCaptureFixture
) -> None:
    assert fits(offline.open(NOW + (CERTIFICATE_DAYS - 10) * DAY))
    assert "the certificate ends in 10 days" in caplog.text
    assert "--rotate-sign --root-key" in caplog.text


def test_expired_certificate_without_a_root_says_what_to_do(offline: Place) -> None:
    with pytest.raises(
        ConfigError, match="has expired on 2028-02-16; run shoal-key --rotate-sign --root-key FILE"
    ):
        offline.open(NOW + (CERTIFICATE_DAYS + 1) * DAY)
    later = NOW + (CERTIFICATE_DAYS + 1) * DAY
    offline.files.renew(later, root_key=offline.root_key)
    assert fits(offline.open(later))


def test_clock_before_the_certificate_is_to_be_set_and_nothing_is_renewed(place: Place) -> None:
    """A certificate that is made by a wrong clock is worth nothing when the clock is right again."""
    first = place.open()
    with pytest.raises(ConfigError, match="valid from 2027-01-15, and today is 2026-12-16: set the clock"):
        place.open(NOW - 30 * DAY)
    assert place.open().certificate_bytes == first.certificate_bytes


def test_masters_document_that_has_expired_still_serves_without_a_root(offline: Place) -> None:
    offline.files.renew(NOW + 300 * DAY, root_key=offline.root_key)
    assert fits(offline.open(NOW + 500 * DAY))


# -------------------------------------------------------------------- changes


def test_new_address_is_told_in_a_newer_document(place: Place) -> None:
    first = place.open()
    place.reach = replace(REACH, addresses=("192.0.2.2", "master.example.com"))
    moved = place.open()
    assert moved.masters.newer_than(first.masters)
    assert moved.masters.masters[0].addresses == ("192.0.2.2", "master.example.com")
    assert moved.certificate_bytes == first.certificate_bytes


def test_new_address_without_a_root_leaves_the_document_as_it_is(offline: Place) -> None:
    offline.reach = replace(REACH, addresses=("192.0.2.2",))
    assert offline.open().masters.masters[0].addresses == ("192.0.2.1",)


def test_new_name_needs_the_root(offline: Place) -> None:
    offline.reach = replace(REACH, name="m2")
    with pytest.raises(ConfigError, match="is for a master named m1, not m2"):
        offline.open()


def test_lost_document_is_made_again_newer_than_any_before(place: Place) -> None:
    first = place.open()
    place.files.renew(NOW + DAY)
    renewed = place.open(NOW + DAY)
    (place.folder / "masters.doc").unlink()
    again = place.open(NOW + 2 * DAY)
    assert again.masters.newer_than(renewed.masters)
    assert renewed.masters.newer_than(first.masters)


@pytest.mark.parametrize("name", ["master.crt", "masters.doc"])
@pytest.mark.parametrize("damage", [b"", b"\x00" * 100])
def test_damaged_paper_is_made_again(place: Place, name: str, damage: bytes) -> None:
    place.open()
    (place.folder / name).write_bytes(damage)
    assert fits(place.open())


@pytest.mark.parametrize("name", ["master.crt", "masters.doc", "root.pub"])
def test_damaged_paper_without_a_root_is_named(offline: Place, name: str) -> None:
    (offline.folder / name).write_bytes(b"junk")
    with pytest.raises(ConfigError, match=r"(master\.crt|root\.key|root\.pub): "):
        offline.open()


def test_papers_of_another_fleet_are_no_papers(place: Place, tmp_path: Path) -> None:
    place.open()
    other = Place(tmp_path / "other")
    other.open()
    shutil.copy(other.folder / "master.crt", place.folder / "master.crt")
    shutil.copy(other.folder / "masters.doc", place.folder / "masters.doc")
    assert fits(place.open())
    with pytest.raises(ConfigError, match="is the key of another fleet"):
        place.files.renew(NOW, root_key=other.folder / "root.key")


# ------------------------------------------------------- sign key, CURVE key


def test_renewal_changes_the_sign_key_and_nothing_minions_connect_by(offline: Place) -> None:
    before = offline.open()
    offline.files.renew(NOW + DAY, root_key=offline.root_key)
    after = offline.open(NOW + DAY)
    assert fits(after)
    assert after.keys.sign.public != before.keys.sign.public
    assert after.keys.curve.public == before.keys.curve.public
    assert after.certificate.serial > before.certificate.serial
    assert not staged_path(offline.folder / "master.key").exists()


def test_curve_key_is_announced_then_switched_to(offline: Place) -> None:
    before = offline.open()
    offline.files.announce_next_curve_key(NOW + DAY, root_key=offline.root_key)
    announced = offline.open(NOW + DAY)
    (entry,) = announced.masters.masters
    old, coming = before.keys.curve.public, entry.next_curve_key
    assert announced.keys.curve.public == entry.curve_key == old
    assert announced.masters.newer_than(before.masters)

    offline.files.switch_curve_key(NOW + 2 * DAY, root_key=offline.root_key)
    switched = offline.open(NOW + 2 * DAY)
    (entry,) = switched.masters.masters
    assert fits(switched)
    assert switched.keys.curve.public == coming
    assert entry.curve_keys() == (coming, old)
    assert switched.keys.sign.public == before.keys.sign.public


def test_announcing_again_announces_the_same_key(offline: Place) -> None:
    """Minions that heard of it at the first time must not be left behind."""
    offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    first = offline.open().masters.masters[0].next_curve_key
    offline.files.announce_next_curve_key(NOW + DAY, root_key=offline.root_key)
    assert offline.open().masters.masters[0].next_curve_key == first


def test_announced_key_outlives_a_new_address(place: Place) -> None:
    place.open()
    place.files.announce_next_curve_key(NOW)
    announced = place.open().masters.masters[0]
    place.reach = replace(REACH, addresses=("192.0.2.2",))
    moved = place.open().masters.masters[0]
    assert moved.addresses == ("192.0.2.2",)
    assert moved.curve_keys() == announced.curve_keys()


def test_switch_without_an_announcement_is_refused(offline: Place) -> None:
    with pytest.raises(ConfigError, match="no CURVE key was announced; run shoal-key --rotate-curve first"):
        offline.files.switch_curve_key(NOW, root_key=offline.root_key)


def test_renewal_between_announcement_and_switch_is_refused_and_costs_nothing(offline: Place) -> None:
    offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    with pytest.raises(ConfigError, match="a CURVE key is announced: use it first"):
        offline.files.renew(NOW, root_key=offline.root_key)
    offline.files.switch_curve_key(NOW, root_key=offline.root_key)
    assert fits(offline.open())
    offline.files.renew(NOW + 1, root_key=offline.root_key)
    assert fits(offline.open(NOW + 1))


@pytest.mark.parametrize("change", ["renew", "announce_next_curve_key", "switch_curve_key"])
def test_every_change_needs_the_root_and_says_where_it_looked(offline: Place, change: str) -> None:
    with pytest.raises(
        ConfigError,
        match=r"root\.key: the fleet root key is not here: put it back, or name it with --root-key FILE",
    ):
        getattr(offline.files, change)(NOW)
    assert fits(offline.open())


# ------------------------------------------------------------------ power cuts


@pytest.mark.parametrize("step", range(5))
@pytest.mark.parametrize("change", ["renew", "announce_next_curve_key", "switch_curve_key"])
def test_change_that_is_cut_short_leaves_a_master_that_starts_and_can_be_found(
    offline: Place, change: str, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has been written, with the root offline, and for minions that know the document of before."""
    if change == "switch_curve_key":
        offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    before = offline.open()
    known_to_minions = before.masters.masters[0].curve_keys()
    cut = True
    try:
        with cut_at(step, monkeypatch):
            getattr(offline.files, change)(NOW + DAY, root_key=offline.root_key)
        cut = False
    except PowerCut:
        pass
    after = offline.open(NOW + DAY)
    assert fits(after)
    assert after.keys.curve.public in known_to_minions
    assert fits(offline.open(NOW + 2 * DAY)), "and at the next start as well"
    if cut:
        _finish(offline, change)
        assert fits(offline.open(NOW + 3 * DAY))


def _finish(offline: Place, change: str) -> None:
    """Do it again, as an operator would; a switch may be done already."""
    try:
        getattr(offline.files, change)(NOW + 3 * DAY, root_key=offline.root_key)
    except ConfigError as error:
        assert change == "switch_curve_key"
        assert "no CURVE key was announced" in str(error)


def test_staged_key_that_nobody_was_told_of_is_never_switched_to(
    offline: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The announcement was cut after the key was staged: minions do not know it."""
    with pytest.raises(PowerCut), cut_at(1, monkeypatch):
        offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    assert staged_path(offline.folder / "master.key").exists()
    with pytest.raises(ConfigError, match="no CURVE key was announced"):
        offline.files.switch_curve_key(NOW, root_key=offline.root_key)
    offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    announced = offline.open().masters.masters[0].next_curve_key
    offline.files.switch_curve_key(NOW, root_key=offline.root_key)
    assert load_node_keys(offline.folder / "master.key").curve.public == announced


def test_full_disk_is_an_error_with_a_name_and_no_damage(
    offline: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object, **_kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(ShoalError, match="No space left on device"):
        for owner, name in RENAMES:
            patch.setattr(owner, name, full)
        offline.files.renew(NOW, root_key=offline.root_key)
    assert fits(offline.open())


def test_newer_document_on_the_disk_is_found_while_the_master_runs(offline: Place) -> None:
    running = offline.open()
    assert offline.files.newer_masters(running.masters) is None
    offline.files.announce_next_curve_key(NOW, root_key=offline.root_key)
    found = offline.files.newer_masters(running.masters)
    assert found is not None
    document, data = found
    assert document.masters[0].next_curve_key
    assert judge_masters(data, running.anchor.root_public, running.masters, NOW) == document
