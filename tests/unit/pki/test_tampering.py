"""Nothing altered is ever believed, and nothing but WireError or TrustError ever comes out.

Every single bit of every signed form is flipped (all of them, not a sample); hypothesis then cuts, splices
and invents bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki.certificate import read_certificate
from pki.envelope import seal
from pki.hello import judge_hello
from pki.manifest import judge_manifest, seal_manifest
from pki.masters import judge_masters
from pki.pillar import judge_pillar, seal_pillar
from pki.rotation import judge_rotation, make_rotation
from pki.welcome import judge_welcome
from shoal.errors import TrustError, WireError
from shoal.pillar.handed import HandedPillar, PillarQuestion
from shoal.synced import Manifest, SyncedFile
from shoal.wire import encode

from .fleet import NONCE, NOW, Fleet, node

FLEET = Fleet()
ROOT = FLEET.root.public
MINION = FLEET.minion
ANCHOR = FLEET.anchor()
FILE = SyncedFile(kind="modules", name="hello", digest=bytes(32), size=10)

FORMS: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "job": (FLEET.sealed_job(args=("a", 1.5, None), to="box1"), lambda data: FLEET.trust().judge(data, NOW)),
    "welcome": (
        FLEET.sealed_welcome(masters=b"m"),
        lambda data: judge_welcome(data, NONCE, ANCHOR, NOW),
    ),
    "pillar": (
        seal_pillar(
            HandedPillar(
                fleet=FLEET.id, to="box1", nonce=NONCE, issued=NOW, pillarenv="", packed=b"\x81\xa1a\x01"
            ),
            FLEET.master.sign,
            FLEET.certificate,
        ),
        lambda data: judge_pillar(data, "box1", PillarQuestion(nonce=NONCE), ANCHOR, NOW),
    ),
    "manifest": (
        seal_manifest(
            Manifest(fleet=FLEET.id, env="base", issued=NOW, files=(FILE,)),
            FLEET.master.sign,
            FLEET.certificate,
        ),
        lambda data: judge_manifest(data, "base", ANCHOR, NOW, NOW),
    ),
    "certificate": (FLEET.certificate, lambda data: read_certificate(data, ROOT)),
    "masters": (FLEET.masters(revoked=(5,)), lambda data: judge_masters(data, ROOT, None, NOW)),
    "hello": (FLEET.sealed_hello(token="t"), lambda data: judge_hello(data, MINION.curve.public)),
    "rotation": (
        make_rotation("box1", MINION, node(9), NOW),
        lambda data: judge_rotation(data, "box1", (MINION.sign.public, MINION.curve.public), NOW),
    ),
}
REFUSED = (WireError, TrustError)
any_form = st.sampled_from(sorted(FORMS))
quick = settings(database=None, deadline=None, max_examples=300)


@pytest.mark.parametrize("form", FORMS)
def test_the_original_is_believed(form: str) -> None:
    data, judge = FORMS[form]
    judge(data)


@pytest.mark.parametrize("form", FORMS)
def test_any_one_bit_flipped_is_refused(form: str) -> None:
    data, judge = FORMS[form]
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(REFUSED):
            judge(bytes(changed))


@pytest.mark.parametrize("form", FORMS)
def test_any_truncation_or_extension_is_refused(form: str) -> None:
    data, judge = FORMS[form]
    for end in range(len(data)):
        with pytest.raises(REFUSED):
            judge(data[:end])
    for more in (b"\0", b"\xc0", data):
        with pytest.raises(REFUSED):
            judge(data + more)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("other", FORMS)
def test_one_form_is_never_taken_for_another(form: str, other: str) -> None:
    if form != other:
        with pytest.raises(REFUSED):
            FORMS[form][1](FORMS[other][0])


@quick
@given(any_form, st.integers(0, 2000), st.integers(0, 2000), st.binary(max_size=20))
def test_a_spliced_one_is_refused(form: str, start: int, end: int, piece: bytes) -> None:
    data, judge = FORMS[form]
    changed = data[:start] + piece + data[end:]
    if changed != data:
        with pytest.raises(REFUSED):
            judge(changed)


@quick
@given(any_form, st.binary(max_size=600))
def test_random_bytes_are_refused(form: str, data: bytes) -> None:
    with pytest.raises(REFUSED):
        FORMS[form][1](data)


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=70),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=12,
)


@quick
@given(any_form, plain_values)
def test_any_msgpack_value_is_refused(form: str, value: object) -> None:
    with pytest.raises(REFUSED):
        FORMS[form][1](encode(value))


@quick
@given(st.dictionaries(st.sampled_from(sorted(FLEET.job().to_wire())), plain_values, min_size=1, max_size=3))
def test_a_signed_job_with_any_values_is_a_job_or_a_refusal(change: dict[str, Any]) -> None:
    body = encode(FLEET.job().to_wire() | change)
    try:
        job = FLEET.trust().judge(seal("job", body, FLEET.master.sign, FLEET.certificate), NOW)
    except REFUSED:
        return
    assert job.fleet == FLEET.id
    assert job.to in {"*", "box1"}
