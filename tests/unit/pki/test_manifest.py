"""The manifest of synced files: from a master of this fleet, for what was asked, not older than what is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pki.envelope import seal
from pki.keys import SignKey
from pki.manifest import MAX_EARLY_S, judge_held, judge_manifest, seal_manifest
from shoal.errors import WireError
from shoal.synced import (
    KINDS,
    MAX_BYTES,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_MANIFEST_BYTES,
    Manifest,
    SyncedFile,
)
from shoal.wire import encode

from .fleet import DAY, NOW, Fleet, refusal, without

FLEET = Fleet()
FILE = SyncedFile(kind="modules", name="hello", digest=bytes(range(32)), size=10)
OTHER = replace(FILE, kind="grains")
GOOD = Manifest(fleet=FLEET.id, env="base", issued=NOW, files=(FILE, OTHER))


def sealed(manifest: Manifest = GOOD, certificate: bytes = b"", key: SignKey | None = None) -> bytes:
    return seal_manifest(manifest, key or FLEET.master.sign, certificate or FLEET.certificate)


def judged(frame: bytes, newest: float = 0.0, now: float = NOW, *revoked: int) -> str:
    return refusal(judge_manifest, frame, "base", FLEET.anchor(*revoked), now, newest)


def test_manifest_comes_back() -> None:
    assert judge_manifest(sealed(), "base", FLEET.anchor(), NOW, 0.0) == GOOD
    assert judge_held(sealed(), FLEET.anchor()) == GOOD
    assert GOOD.of("modules") == {"hello": FILE}


OLD = FLEET.certify(not_before=NOW - 9 * DAY, not_after=NOW - DAY)
REFUSALS: dict[str, tuple[bytes, str]] = {
    "of another fleet's master": (
        seal_manifest(GOOD, Fleet(2).master.sign, Fleet(2).certificate), "unknown signer"),
    "by a key that is none of a master's": (sealed(key=FLEET.minion.sign), "bad signature"),
    "that names another fleet": (sealed(replace(GOOD, fleet=Fleet(2).id)), "wrong fleet"),
    "of another environment": (sealed(replace(GOOD, env="dev")), "wrong environment"),
    "under an expired certificate": (sealed(certificate=OLD), "certificate expired"),
    "under a certificate that is not valid yet": (
        sealed(certificate=FLEET.certify(not_before=NOW + DAY)), "certificate early"),
    "from the future": (sealed(replace(GOOD, issued=NOW + MAX_EARLY_S + 1)), "issued in the future"),
    "that is a job": (FLEET.sealed_job(), "wrong purpose"),
    "that is a welcome": (FLEET.sealed_welcome(), "wrong purpose"),
    "sealed as a notice": (
        seal("notice", encode(GOOD.to_wire()), FLEET.master.sign, FLEET.certificate), "wrong purpose"),
    "of nothing": (b"", "wire"),
    "too large": (seal("manifest", bytes(MAX_MANIFEST_BYTES + 1), FLEET.master.sign, FLEET.certificate), "wire"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSALS)
def test_manifest_is_refused(what: str) -> None:
    frame, reason = REFUSALS[what]
    assert judged(frame) == reason


def test_manifest_is_no_job() -> None:
    assert refusal(FLEET.trust().judge, sealed(), NOW) == "wrong purpose"


def test_older_manifest_is_refused_and_the_same_one_is_not() -> None:
    assert judged(sealed(), NOW + 0.001) == "older version"
    assert judge_manifest(sealed(), "base", FLEET.anchor(), NOW, NOW) == GOOD


def test_revoked_certificate_ends_new_and_held_ones() -> None:
    assert judged(sealed(), 0.0, NOW, 1) == "certificate revoked"
    assert refusal(judge_held, sealed(), FLEET.anchor(1)) == "certificate revoked"


def test_held_manifest_outlives_its_certificate_but_must_have_been_issued_under_it() -> None:
    once = replace(GOOD, issued=NOW - 2 * DAY)
    assert judge_held(sealed(once, OLD), FLEET.anchor()) == once
    assert refusal(judge_held, sealed(GOOD, OLD), FLEET.anchor()) == "certificate expired"
    assert refusal(judge_held, sealed(replace(GOOD, fleet="f")), FLEET.anchor()) == "wrong fleet"
    assert refusal(judge_held, sealed(key=FLEET.minion.sign), FLEET.anchor()) == "bad signature"


def changed(**fields: Any) -> bytes:
    body = encode(GOOD.to_wire() | fields)
    return seal("manifest", body, FLEET.master.sign, FLEET.certificate)


def with_file(**fields: Any) -> bytes:
    value = {"kind": "modules", "name": "a", "digest": bytes(32), "size": 1} | fields
    return changed(files=[list(value.values())])


@pytest.mark.parametrize(
    "fields",
    [{"v": 2}, {"v": "1"}, {"fleet": 7}, {"env": ".."}, {"env": ""}, {"issued": -1}, {"issued": "now"}, {"files": {}},
     {"files": [1]}, {"files": [[]]}, {"files": [FILE.to_wire(), FILE.to_wire()]}, {"more": 1},
     {"files": [["modules", f"f{n}", bytes(32), 0] for n in range(MAX_FILES + 1)]},
     {"files": [["modules", f"f{n}", bytes(32), MAX_FILE_BYTES] for n in range(MAX_BYTES // MAX_FILE_BYTES + 1)]}],
)  # fmt: skip
def test_body_that_is_none_is_malformed_whoever_signed_it(fields: dict[str, Any]) -> None:
    assert judged(changed(**fields)) == "wire"


@pytest.mark.parametrize("name", GOOD.to_wire())
def test_no_field_may_be_missing(name: str) -> None:
    body = encode(without(GOOD.to_wire(), name))
    assert judged(seal("manifest", body, FLEET.master.sign, FLEET.certificate)) == "wire"


@pytest.mark.parametrize(
    "fields",
    [{"name": each} for each in ("", "a.py", "../x", "a/b", "_a", "A", "a-b", "ä", "1a", "a\n", "a" * 65, 5)]
    + [{"kind": each} for each in ("", "_modules", "renderers", "modules/", 5)]
    + [{"digest": bytes(31)}, {"digest": ""}, {"size": -1}, {"size": MAX_FILE_BYTES + 1}, {"size": True}],
)
def test_file_that_is_none_is_malformed(fields: dict[str, Any]) -> None:
    assert judged(with_file(**fields)) == "wire"


def test_largest_manifest_fits_its_bound() -> None:
    names = [f"{number:03d}".replace("0", "a").replace("1", "b") for number in range(MAX_FILES)]
    files = tuple(
        SyncedFile(kind="returners", name="f" + name + "x" * 60, digest=bytes(32), size=2**15)
        for name in names
    )
    manifest = Manifest(fleet=FLEET.id, env="e" * 128, issued=NOW, files=files)
    assert judge_manifest(sealed(manifest), "e" * 128, FLEET.anchor(), NOW, 0.0) == manifest


def test_every_kind_can_be_in_it() -> None:
    files = tuple(replace(FILE, kind=kind) for kind in KINDS)
    assert Manifest.from_wire(replace(GOOD, files=files).to_wire()).files == files
    with pytest.raises(WireError, match="twice"):
        Manifest.from_wire(replace(GOOD, files=(FILE, FILE)).to_wire())
