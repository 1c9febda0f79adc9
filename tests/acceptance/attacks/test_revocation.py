"""A key that loses its right loses it at once, whatever it does about it, and nobody else notices (attack list 8)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pki.keys import NodeKeys
from pki.rotation import make_rotation
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.acceptance.attacks.test_strangers import BODIES, WITHOUT_HELLO
from tests.rogue import RoguePeer, make_job


@pytest.mark.parametrize("action", ["delete", "reject"])
def test_next_message_on_an_open_session_is_refused(arena: Arena, action: str) -> None:
    leaver = arena.insider("leaver")
    leaver.say("heartbeat", {"running": 0})
    leaver.wait_for("pong")
    arena.keys(action, "leaver", include_accepted=True)
    for verb in WITHOUT_HELLO:
        with arena.counted(f"{verb} refused: key not accepted"):
            leaver.say(verb, BODIES[verb])
    assert {kind for kind, _ in leaver.replies()} == {"hello_first"}
    assert leaver.hello().status == {"delete": "pending", "reject": "rejected"}[action]
    assert "leaver" not in arena.runner("manage.status")["up"]


def test_nobody_else_has_to_say_hello_again(arena: Arena) -> None:
    witness, leaver = arena.insider("witness"), arena.insider("leaver")
    online = len(arena.log_lines("action=online", log=f"{GOOD}.log"))
    witness.replies(quiet_s=0.1)
    arena.keys("delete", "leaver")
    leaver.say("heartbeat", {"running": 0})
    witness.say("heartbeat", {"running": 0})
    assert witness.replies() == [("pong", {})] or [kind for kind, _ in witness.replies()] in ([], ["pong"])
    assert witness.published(quiet_s=0.1) == []
    assert len(arena.log_lines("action=online", log=f"{GOOD}.log")) == online
    assert arena.present("witness")


def test_token_does_not_bring_back_a_rejected_key(arena: Arena) -> None:
    rejected = arena.rogue("rejected")
    rejected.hello()
    arena.keys("reject", "rejected")
    token = arena.token()
    assert rejected.hello(token=token).status == "rejected"
    assert arena.state_of("rejected") == ["rejected"]
    assert arena.rogue("honest").hello(token=token).status == "accepted", "and it was not used up"


@pytest.mark.parametrize("action", ["delete", "reject"])
def test_minion_in_the_middle_of_a_rotation_loses_both_keys(arena: Arena, action: str) -> None:
    """It asks for new keys, again and again, and never uses them: revoking must not stumble over that."""
    turner = arena.insider("turner")
    fresh = [_rotate(turner) for _ in range(3)]
    assert arena.state_of("turner") == ["accepted"], "it is one minion, under whichever keys"
    arena.keys(action, "turner", include_accepted=True)
    with arena.counted("heartbeat refused: key not accepted"):
        turner.say("heartbeat", {"running": 0})
    assert turner.hello().status != "accepted"
    for keys in fresh:
        again = arena.rogue("turner", keys=keys)
        assert again.hello().status != "accepted"
        with arena.counted("heartbeat refused: key not accepted"):
            again.say("heartbeat", {"running": 0})


def test_only_the_newest_of_several_rotations_counts(arena: Arena) -> None:
    turner = arena.insider("turner", reads=False)
    lost, newest = _rotate(turner), _rotate(turner)
    assert arena.rogue("turner", keys=lost).hello().status == "denied"
    assert arena.rogue("turner", keys=newest).hello().status == "accepted"
    assert turner.hello().status == "denied", "the old key went when the new one came"
    assert "accepted" in arena.state_of("turner")


@pytest.mark.parametrize("action", ["delete", "reject"])
def test_flood_of_rotations_does_not_outrun_its_revocation(own_fleet: Arena, action: str) -> None:
    """While the store is asked to forget one key, the minion asks for the next one; also after a restart."""
    arena = own_fleet
    arena.fleet.start_master()
    runner = arena.insider("runner", reads=False)
    fresh = [NodeKeys.generate() for _ in range(12)]
    flooding = threading.Thread(
        target=lambda: [runner.say("rotate", _rotation(runner, keys)) for keys in fresh]
    )
    flooding.start()
    arena.keys(action, "runner", include_accepted=True)
    flooding.join()
    for _ in range(2):
        assert "accepted" not in arena.state_of("runner")
        for keys in (runner.keys, *fresh):
            assert arena.rogue("runner", keys=keys).hello().status != "accepted"
        arena.fleet.master.stop()  # type: ignore[union-attr]
        arena.fleet.start_master()


def _rotation(peer: RoguePeer, fresh: NodeKeys) -> bytes:
    return make_rotation(peer.id, peer.keys, fresh, make_job("").issued)


def _rotate(peer: RoguePeer) -> NodeKeys:
    fresh = NodeKeys.generate()
    peer.say("rotate", _rotation(peer, fresh))
    told: Any = peer.wait_for("rotated")
    assert isinstance(told, str)
    return fresh
