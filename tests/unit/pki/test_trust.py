"""The corridor: each refusal by its word, in the stated order."""

from __future__ import annotations

from typing import Any

import pytest

from pki.envelope import seal
from pki.trust import MAX_EARLY_S, MAX_LIFETIME_S, JobRefusedError, JobTrust
from shoal.errors import TrustError
from shoal.job import MAX_JOB_BYTES
from shoal.policy import Policy
from shoal.wire import decode, encode

from .fleet import DAY, JID, NOW, Fleet, node, refusal

FLEET = Fleet()


def judged(now: float = NOW, trust: JobTrust | None = None, **changes: Any) -> str:
    trust = trust or FLEET.trust()
    return refusal(trust.judge, FLEET.sealed_job(**changes), now)


def test_a_good_job_is_believed() -> None:
    job = FLEET.trust().judge(FLEET.sealed_job(args=("a", 1), kwargs={"x": [1, 2]}), NOW)
    assert job == FLEET.job(args=("a", 1), kwargs={"x": [1, 2]})


def test_a_job_for_me_is_believed() -> None:
    assert FLEET.trust().judge(FLEET.sealed_job(to="box1"), NOW).to == "box1"


@pytest.mark.parametrize("to", ["box2", "box", "box11", "Box1", "box1.", "b*"])
def test_a_job_for_another_is_refused(to: str) -> None:
    assert judged(to=to) in {"wrong minion", "wire"}


@pytest.mark.parametrize("to", ["", "**", "box1\0", None, 7])
def test_a_strange_addressee_is_refused(to: Any) -> None:
    assert judged(to=to) == "wire"


def test_a_job_of_another_fleet_is_refused() -> None:
    assert judged(fleet=Fleet(2).id) == "wrong fleet"
    assert judged(fleet="") == "wrong fleet"
    other = Fleet(2)
    assert refusal(FLEET.trust().judge, other.sealed_job(), NOW) == "unknown signer"


def test_an_expired_job_is_refused_exactly_at_its_end() -> None:
    assert judged(NOW + 30) == "expired"
    assert judged(NOW + 1e6) == "expired"
    assert FLEET.trust().judge(FLEET.sealed_job(), NOW + 29.999)


@pytest.mark.parametrize("lifetime", [MAX_LIFETIME_S + 1, 400 * DAY])
def test_a_job_that_lives_too_long_is_refused(lifetime: float) -> None:
    assert judged(expires=NOW + lifetime, mode="queue") == "bad lifetime"


def test_a_job_of_the_longest_lifetime_is_believed() -> None:
    assert FLEET.trust().judge(FLEET.sealed_job(expires=NOW + MAX_LIFETIME_S, mode="queue"), NOW)


def test_a_job_that_ends_before_it_begins_is_refused() -> None:
    assert judged(issued=NOW + 60, expires=NOW + 30) == "bad lifetime"
    assert judged(issued=NOW + 30, expires=NOW + 30) == "bad lifetime"


def test_a_job_from_the_future_is_refused() -> None:
    ahead = NOW + MAX_EARLY_S
    assert judged(issued=ahead + 1, expires=ahead + 60) == "issued in the future"
    assert FLEET.trust().judge(FLEET.sealed_job(issued=ahead, expires=ahead + 60), NOW)


def test_a_job_is_believed_once() -> None:
    trust = FLEET.trust()
    frame = FLEET.sealed_job()
    trust.judge(frame, NOW)
    assert refusal(trust.judge, frame, NOW) == "replayed"
    assert refusal(trust.judge, frame, NOW + 29) == "replayed"
    assert refusal(trust.judge, frame, NOW + 31) == "expired"


def test_the_same_job_in_other_bytes_is_a_replay() -> None:
    trust = FLEET.trust()
    frame = FLEET.sealed_job()
    trust.judge(frame, NOW)
    assert frame.count(b"\xc4\x40") == 2  # the frame's signature and the certificate's, as bin8
    at = frame.rindex(b"\xc4\x40")
    recoded = frame[:at] + b"\xc5\x00\x40" + frame[at + 2 :]
    assert decode(recoded, 10_000) == decode(frame, 10_000)
    assert refusal(trust.judge, recoded, NOW) == "replayed"
    assert refusal(trust.judge, FLEET.sealed_job(fun="test.echo", to="box1"), NOW) == "replayed"


def test_another_masters_job_of_the_same_id_is_a_replay() -> None:
    trust, second = FLEET.trust(), node(2)
    trust.judge(FLEET.sealed_job(), NOW)
    certificate = FLEET.certify(second, name="m2", serial=2)
    frame = seal("job", encode(FLEET.job().to_wire()), second.sign, certificate)
    assert refusal(trust.judge, frame, NOW) == "replayed"


def test_a_now_job_from_before_this_process_is_a_replay() -> None:
    assert judged(issued=NOW - 61) == "replayed"
    assert FLEET.trust().judge(FLEET.sealed_job(issued=NOW - 60), NOW)


@pytest.mark.parametrize(("mode", "channel"), [("queue", ""), ("desired", "highstate")])
def test_a_kept_job_from_before_this_process_is_believed(mode: str, channel: str) -> None:
    assert FLEET.trust().judge(FLEET.sealed_job(issued=NOW - 9 * DAY, mode=mode, channel=channel), NOW)


def test_a_later_session_does_not_move_the_start() -> None:
    trust = FLEET.trust()
    trust.start_session(NOW + 10)
    assert trust.judge(FLEET.sealed_job(), NOW)


def test_without_a_session_only_kept_jobs_are_believed() -> None:
    trust = JobTrust(FLEET.anchor(), "box1")
    assert judged(trust=trust) == "replayed"
    assert trust.judge(FLEET.sealed_job(mode="queue"), NOW)


def test_a_remembered_job_is_a_replay() -> None:
    trust = FLEET.trust()
    trust.remember(JID, NOW + 30, NOW)
    assert judged(trust=trust, mode="queue") == "replayed"


def test_a_refused_job_is_not_remembered() -> None:
    trust = FLEET.trust()
    assert judged(trust=trust, issued=NOW + 400, expires=NOW + 500) == "issued in the future"
    assert trust.judge(FLEET.sealed_job(issued=NOW + 400, expires=NOW + 500), NOW + 200)


def test_a_replay_is_refused_when_the_clock_is_set_back_a_little() -> None:
    trust = FLEET.trust()
    frame = FLEET.sealed_job()
    trust.judge(frame, NOW)
    for i in range(5):  # time goes on, the first job is purged or not
        jid = f"{int(JID) + i + 1:020d}"
        trust.judge(
            FLEET.sealed_job(jid=jid, issued=NOW + 100 * i, expires=NOW + 100 * i + 60), NOW + 100 * i
        )
    assert refusal(trust.judge, frame, NOW + 5) == "replayed"


def test_the_set_of_seen_jobs_is_bounded_and_no_replay_passes() -> None:
    trust = FLEET.trust(None, 16)
    frames = [
        FLEET.sealed_job(jid=f"{int(JID) + i:020d}", expires=NOW + DAY, mode="queue") for i in range(100)
    ]
    for frame in frames:
        trust.judge(frame, NOW)
        assert len(trust._seen) <= 16
    assert {refusal(trust.judge, frame, NOW + 1) for frame in frames} == {"replayed"}


def test_the_boxs_policy_holds_for_masters_too() -> None:
    policy = Policy(disabled_modules=frozenset({"cmd"}))
    trust = FLEET.trust(policy)
    assert judged(trust=trust, fun="cmd.run") == "not allowed"
    assert judged(trust=trust, fun="cmd.run") == "not allowed"
    assert trust.judge(FLEET.sealed_job(), NOW)


def test_dates_of_the_certificate() -> None:
    assert judged(NOW + 90 * DAY, expires=NOW + 91 * DAY) == "certificate expired"
    assert judged(NOW - 2 * DAY) == "certificate early"


def test_a_revoked_certificate() -> None:
    assert refusal(FLEET.trust(None, 16, 1).judge, FLEET.sealed_job(), NOW) == "certificate revoked"


@pytest.mark.parametrize(
    "change",
    [
        {"jid": "2027"},
        {"jid": "../../etc/passwd00000"},
        {"fun": "test"},
        {"fun": "os.a.b"},
        {"fun": "test.ping;id"},
        {"mode": "later"},
        {"mode": "desired"},
        {"channel": "highstate"},
        {"mode": "desired", "channel": "a\nb"},
        {"mode": "desired", "channel": "c" * 129},
        {"stream": 1},
        {"expires": "never"},
        {"issued": -5.0},
        {"approvals": (b"x" * 513,)},
        {"args": "x"},
        {"user": "u" * 129},
        {"from_text": 1},
    ],
)
def test_a_signed_but_malformed_job_is_refused(change: dict[str, Any]) -> None:
    body = encode(FLEET.job().to_wire() | change)
    frame = seal("job", body, FLEET.master.sign, FLEET.certificate)
    assert refusal(FLEET.trust().judge, frame, NOW) == "wire"


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_of_the_job_is_refused(version: Any) -> None:
    body = encode(FLEET.job().to_wire() | {"v": version})
    assert (
        refusal(FLEET.trust().judge, seal("job", body, FLEET.master.sign, FLEET.certificate), NOW) == "wire"
    )


def test_sizes() -> None:
    assert refusal(FLEET.trust().judge, bytes(10_000_000), NOW) == "wire"
    fits = FLEET.sealed_job(args=("x" * (MAX_JOB_BYTES - 400),))
    assert FLEET.trust().judge(fits, NOW)
    assert judged(args=("x" * MAX_JOB_BYTES,)) == "wire"


ORDER: list[tuple[str, dict[str, Any]]] = [
    ("wrong fleet", {"fleet": "0" * 32}),
    ("wrong minion", {"to": "box2"}),
    ("expired", {"expires": NOW - 1}),
    ("bad lifetime", {"issued": NOW - 40 * DAY, "mode": "now"}),
    ("replayed", {"jid": JID}),
    ("not allowed", {"fun": "cmd.run"}),
]


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_the_order_of_the_refusals(first: int) -> None:
    trust = FLEET.trust(Policy(disabled_modules=frozenset({"cmd"})))
    trust.remember(JID, NOW + 30, NOW)
    changes: dict[str, Any] = {"jid": f"{int(JID) + 1:020d}"}
    for reason, change in reversed(ORDER[first:]):
        if ORDER[first][0] != "bad lifetime" or reason != "expired":
            changes |= change
    assert judged(trust=trust, **changes) == ORDER[first][0]


def test_what_is_not_authentic_says_nothing_of_a_job() -> None:
    frame = FLEET.sealed_job()
    for data in (frame[:-1] + bytes([frame[-1] ^ 1]), Fleet(2).sealed_job()):
        with pytest.raises(TrustError) as caught:
            FLEET.trust().judge(data, NOW)
        assert not isinstance(caught.value, JobRefusedError)


def test_an_authentic_job_that_is_refused_can_be_reported() -> None:
    trust = FLEET.trust()
    frame = FLEET.sealed_job(args=("secret",))
    trust.judge(frame, NOW)
    with pytest.raises(JobRefusedError, match=f"replayed: job {JID} was taken before") as caught:
        trust.judge(frame, NOW)
    assert caught.value.job.jid == JID
    assert "secret" not in str(caught.value)
