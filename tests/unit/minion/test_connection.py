"""How a minion gets on line and stays there, against masters that answer, refuse, fall silent and come back."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from minion.minion import Minion
from pki.keys import CurveKey, NodeKeys, SignKey
from shoal.messages import HELLO, NOTICE
from shoal.transport import BROADCAST, own_topic
from tests.unit.minion.stage import BOX, Stage
from tests.unit.pki.fleet import DAY, NOW, Fleet


@pytest.fixture
def stage() -> Stage:
    return Stage()


# ------------------------------------------------------------------- welcomes


def test_accepted_minion_is_online_and_reads_its_two_topics(stage: Stage) -> None:
    master = stage.online()
    (hello,) = master.hellos
    assert (hello.id, hello.boot_id, hello.grains_digest) == (BOX, "i-1", b"digest")
    assert master.topics == [BROADCAST, own_topic(master.peer)]
    assert [welcome.status for welcome in stage.welcomes] == ["accepted"]


def test_token_is_shown_in_the_hello() -> None:
    stage = Stage(token="secret")
    assert stage.online().hellos[0].token == "secret"


@pytest.mark.parametrize("status", ["pending", "rejected", "denied", "busy"])
def test_minion_that_is_not_accepted_waits_and_asks_again_when_told_to(stage: Stage, status: str) -> None:
    master = stage.master()
    master.welcome = {"status": status, "retry_after_s": 100.0, "reason": "so it is"}
    stage.start()
    assert stage.minion.state == "waiting"
    assert master.topics == [], "who is not accepted subscribes to nothing"
    stage.advance(79)
    assert len(master.hellos) == 1
    stage.advance(42)
    assert len(master.hellos) == 2
    master.welcome = {}
    stage.advance(121)
    assert stage.minion.state == "online"


def test_pending_minion_hears_at_once_that_it_was_accepted(stage: Stage) -> None:
    master = stage.master()
    master.welcome = {"status": "pending", "retry_after_s": 3600.0}
    stage.start()
    stage.advance(10)
    master.welcome = {}
    master.reply("hello_first")
    stage.settle()
    assert stage.minion.state == "online"


def test_key_that_was_rejected_and_accepted_again_subscribes_anew(stage: Stage) -> None:
    """What it had subscribed to may have been refused meanwhile, and a refused socket does not try again."""
    master = stage.online()
    master.welcome = {"status": "rejected", "retry_after_s": 50.0}
    stage.advance(2)
    master.reply("hello_first")
    stage.settle()
    assert stage.minion.state == "waiting"
    master.topics.clear()
    master.welcome = {}
    stage.advance(61)
    assert stage.minion.state == "online"
    assert master.topics == [BROADCAST, own_topic(master.peer)]


def test_welcome_for_another_hello_is_not_believed(stage: Stage) -> None:
    master = stage.master()
    master.answers = False
    stage.start()
    master.send_welcome(nonce=bytes(16))
    stage.settle()
    assert stage.minion.state == "connecting"
    assert stage.minion.counters == {"reply refused: wrong nonce": 1}
    master.send_welcome()
    stage.settle()
    assert stage.minion.state == "online", "the true one still counts"


def test_welcome_that_comes_twice_counts_once(stage: Stage) -> None:
    master = stage.online()
    master.send_welcome(status="rejected")
    stage.settle()
    assert stage.minion.state == "online"
    assert stage.minion.counters["reply refused: malformed"] == 1


def test_welcome_of_a_stranger_is_not_believed_and_the_minion_keeps_trying(stage: Stage) -> None:
    rogue = stage.master(keys=NodeKeys(SignKey.generate(), stage.fleet.master.curve))
    stage.start()
    assert stage.minion.state == "connecting"
    assert stage.minion.counters == {"reply refused: bad signature": 1}
    rogue.stop()
    stage.master()
    stage.advance(90)
    assert stage.minion.state == "online"


def test_welcome_under_a_certificate_that_has_expired_is_not_believed(stage: Stage) -> None:
    stage.master(not_before=NOW - 9 * DAY, not_after=NOW - DAY)
    stage.start()
    assert stage.minion.counters == {"reply refused: certificate expired": 1}


def test_box_that_woke_up_in_1970_takes_the_masters_time(stage: Stage) -> None:
    stage.clock.jump(-NOW)
    master = stage.master()
    master.welcome = {"time": NOW}
    stage.start()
    assert stage.minion.state == "online"
    assert stage.floor_clock.now() == NOW


# -------------------------------------------------------------------- silence


def test_no_answer_to_hello_leads_to_the_next_address() -> None:
    stage = Stage("dead", "alive")
    stage.master("alive")
    stage.start()
    stage.advance(10)
    assert stage.minion.state == "online"


def test_master_that_takes_hellos_and_never_answers_is_left_for_the_next() -> None:
    stage = Stage("mute", "alive")
    mute = stage.master("mute")
    mute.answers = False
    stage.master("alive")
    stage.start()
    stage.advance(10)
    assert stage.minion.state == "online"
    assert len(mute.hellos) == 1


def test_single_master_is_given_time_to_answer(stage: Stage) -> None:
    """When a whole fleet comes back its handshakes take a while: asking again would make it worse."""
    master = stage.master()
    master.answers = False
    stage.start()
    stage.advance(29)
    assert len(master.hellos) == 1
    stage.advance(3)
    assert len(master.hellos) == 2


def test_waits_grow_with_each_round_of_dead_addresses() -> None:
    stage = Stage("a", "b", "c")
    masters = [stage.master(host) for host in "abc"]
    for master in masters:
        master.answers = False
    stage.start()
    stage.advance(3600)
    hellos = sum(len(master.hellos) for master in masters)
    assert 60 <= hellos <= 130, "every half minute or so, never faster for long"


def test_minion_alone_tries_for_ever_and_never_spins(stage: Stage) -> None:
    stage.start()
    stage.advance(86_400, step_s=5.0)
    stage.master()
    stage.advance(120)
    assert stage.minion.state == "online"
    assert stage.loop.pending < 200


def test_silent_master_is_left_and_found_again(stage: Stage) -> None:
    master = stage.online()
    master.answers = False
    stage.advance(24)
    assert stage.minion.state == "online"
    stage.advance(12)
    assert stage.minion.state == "connecting"
    master.answers = True
    stage.advance(35)
    assert stage.minion.state == "online"


def test_master_that_restarts_is_told_hello_on_the_same_link(stage: Stage) -> None:
    master = stage.online()
    master.stop()
    stage.advance(5)
    master.start()
    stage.advance(11)
    assert master.got("heartbeat") == [{"running": 0}]
    master.reply("hello_first")
    stage.settle()
    assert len(master.hellos) == 2
    assert stage.minion.state == "online"


def test_hello_is_said_again_when_asked_on_the_topic(stage: Stage) -> None:
    master = stage.online()
    stage.advance(2)
    master.publish(HELLO)
    stage.settle()
    assert len(master.hellos) == 2


def test_hello_is_said_once_a_second_however_often_it_is_asked(stage: Stage) -> None:
    master = stage.online()
    for _ in range(100):
        master.reply("hello_first")
        master.publish(HELLO)
        stage.advance(0.1, step_s=0.1)
    assert 8 <= len(master.hellos) <= 12
    assert stage.minion.state == "online"


def test_heartbeats_go_on_when_an_asked_hello_has_been_answered(stage: Stage) -> None:
    master = stage.online()
    stage.advance(2)
    master.reply("hello_first")
    stage.advance(31)
    assert len(master.got("heartbeat")) == 3


def test_hello_that_was_asked_and_is_not_answered_ends_the_connection(stage: Stage) -> None:
    master = stage.online()
    stage.advance(2)
    master.answers = False
    master.reply("hello_first")
    stage.settle()
    stage.advance(31)
    assert stage.minion.state == "connecting" or len(master.hellos) > 2


def test_probe_is_answered_at_once(stage: Stage) -> None:
    master = stage.online()
    master.reply("probe")
    stage.settle()
    assert master.got("heartbeat") == [{"running": 0}]


def test_master_that_sees_no_subscription_gets_a_new_one(stage: Stage) -> None:
    master = stage.online()
    master.topics.clear()
    master.reading = False
    stage.advance(23)
    assert master.topics == []
    stage.advance(9)
    assert master.topics == [BROADCAST, own_topic(master.peer)]
    assert set(master.gone) == set(master.topics)
    assert stage.minion.state == "online"


def test_address_change_of_the_box_makes_it_ask_at_once(stage: Stage) -> None:
    master = stage.online()
    stage.minion.check_connection()
    stage.settle()
    assert master.got("heartbeat") == [{"running": 0}]
    master.answers = False
    stage.minion.check_connection()
    stage.advance(21)
    assert stage.minion.state == "connecting"


def test_address_change_while_connecting_disturbs_nothing(stage: Stage) -> None:
    stage.start()
    stage.minion.check_connection()
    stage.master()
    stage.advance(62)
    assert stage.minion.state == "online"


def test_stopping_says_goodbye_and_nothing_after_it(stage: Stage) -> None:
    master = stage.online()
    stage.minion.stop()
    stage.settle()
    assert set(master.gone) == {BROADCAST, own_topic(master.peer)}
    master.hellos.clear()
    stage.advance(300)
    assert master.hellos == []


# -------------------------------------------------------- the masters document


def test_masters_document_in_the_welcome_is_kept(stage: Stage) -> None:
    document = stage.fleet.masters()
    stage.online(masters=document)
    assert stage.documents == [document]
    assert stage.minion.masters.document is not None
    assert stage.minion.masters.document.version == 7


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"version": 6}, "older version"), ({"version": 8, "expires": NOW - 1}, "expired")],
)
def test_masters_document_that_is_old_or_expired_is_no_lockout(
    changes: dict[str, float], reason: str
) -> None:
    stage = Stage("m1")
    stage.minion.masters.use(stage.fleet.document())
    master = stage.master("192.0.2.1")
    master.welcome = {"masters": stage.fleet.masters(**changes)}
    stage.start()
    stage.advance(30)
    assert stage.minion.state == "online"
    assert stage.minion.counters == {f"masters document refused: {reason}": 1}
    assert stage.documents == []


def test_masters_document_of_another_fleet_is_no_lockout_and_not_believed(stage: Stage) -> None:
    stage.online(masters=Fleet(2).masters(version=99))
    assert stage.minion.counters == {"masters document refused: bad signature": 1}
    assert stage.minion.masters.document is None


def test_notice_brings_the_new_addresses_and_the_minion_goes_there_when_its_master_is_gone(
    stage: Stage,
) -> None:
    master = stage.online()
    (entry,) = stage.fleet.document().masters
    moved = stage.fleet.masters(version=8, masters=(replace(entry, addresses=("m2",)),))
    master.publish(NOTICE + moved, BROADCAST)
    stage.settle()
    assert stage.documents == [moved]
    assert stage.minion.state == "online", "no reason to leave"
    master.stop()
    stage.master("m2")
    stage.advance(60)
    assert stage.minion.state == "online"


def test_master_with_the_next_curve_key_is_found(stage: Stage) -> None:
    coming = NodeKeys(stage.fleet.master.sign, CurveKey.generate())
    (entry,) = stage.fleet.document(version=8).masters
    announced = replace(entry, addresses=("m1",), next_curve_key=coming.curve.public)
    master = stage.online(masters=stage.fleet.masters(version=8, masters=(announced,)))
    master.stop()
    stage.master(keys=coming, serial=2)
    stage.advance(60)
    assert stage.minion.state == "online"


def test_certificate_that_was_revoked_by_a_notice_is_worth_nothing(stage: Stage) -> None:
    master = stage.online()
    fresh = NodeKeys(SignKey.generate(), stage.fleet.master.curve)
    (entry,) = stage.fleet.document().masters
    certified = replace(entry, certificate=stage.fleet.certify(fresh, serial=2))
    master.publish(NOTICE + stage.fleet.masters(version=8, masters=(certified,), revoked=(1,)))
    stage.settle()
    master.send_job()
    assert stage.executor.submitted == []
    assert stage.minion.counters == {"publication refused: certificate revoked": 1}


def test_sign_key_may_change_at_any_time(stage: Stage) -> None:
    stage.online().stop()
    renewed = NodeKeys(SignKey.generate(), stage.fleet.master.curve)
    stage.master(keys=renewed, serial=2)
    stage.advance(60)
    assert stage.minion.state == "online"


# ------------------------------------------------------------------- rotation


def test_rotation_is_sent_and_its_answer_passed_on(stage: Stage) -> None:
    master = stage.online()
    stage.minion.send_rotation(b"rotation")
    stage.settle()
    assert master.got("rotate") == [b"rotation"]
    master.reply("rotated", "finger")
    stage.settle()
    assert stage.rotations == 1


def test_new_keys_are_used_on_a_new_connection(stage: Stage) -> None:
    master = stage.online()
    before = master.route
    fresh = NodeKeys(SignKey.generate(), stage.fleet.minion.curve)
    stage.minion.use_keys(fresh)
    stage.settle()
    assert master.hellos[-1].sign_key == fresh.sign.public
    assert master.route != before
    assert stage.minion.state == "online"


def test_frames_nobody_knows_are_counted_and_cost_nothing(stage: Stage) -> None:
    master = stage.online()
    for frame in (b"", b"X", b"J", b"Jx", b"N", b"Nx"):
        master.publish(frame)
    assert master.transport is not None
    for frame in (b"", b"x", b"\x93\x01\xa4what\xc0", b"\x93\x02\xa3ack\xc0"):
        master.transport.send(master.route, frame)
    for body in (None, 7, {"a": 1}):
        for kind in ("ack", "busy", "pong", "welcome"):
            master.reply(kind, body)
    stage.settle()
    assert isinstance(stage.minion, Minion)
    assert stage.minion.state == "online"
    assert stage.minion.counters["publication refused: malformed"] == 6
    assert stage.minion.counters["reply refused: malformed"] == 7


def test_hello_that_a_busy_master_did_not_take_is_said_again_on_the_same_connection() -> None:
    stage = Stage()
    master = stage.master()
    master.answers = False
    stage.start()
    route = master.route
    master.reply("busy", {"verb": "hello", "retry_after_s": 40.0})
    stage.settle()
    stage.advance(39.0)
    assert len(master.hellos) == 1, "not before the master's time, and not by the back-off of its own"
    master.answers = True
    stage.advance(22.0)
    assert len(master.hellos) == 2
    assert master.route == route
    assert stage.minion.state == "online"


def test_first_try_after_a_loss_is_spread_as_the_master_said() -> None:
    tries = []
    for seed in range(40):
        stage = Stage(random=Random(seed))
        master = stage.online(spread_s=20.0)
        master.stop()
        before = stage.clock.monotonic()
        while stage.minion.state == "online":
            stage.advance(0.5)
        lost = stage.clock.monotonic()
        master.start()
        while stage.minion.state != "online":
            stage.advance(0.5)
        assert before < lost
        tries.append(stage.clock.monotonic() - lost)
    assert max(tries) <= 21.0
    assert sum(each > 10.0 for each in tries) > 10
    assert sum(each <= 10.0 for each in tries) > 10
