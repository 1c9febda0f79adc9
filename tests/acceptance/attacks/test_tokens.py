"""Join tokens that are no good, and good ones that many want: none lets in one too many (attack list 26, 27)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from pki.token import new_token
from pki.welcome import Welcome
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.rogue import RoguePeer

REFUSED = "the join token was refused"


def _left(arena: Arena, token: str) -> int:
    """Return how many uses a token has left."""
    left: int = arena.runner("token.list")[token.partition("-")[0]]["uses_left"]
    return left


def _state(arena: Arena, token: str) -> str:
    return str(arena.runner("token.list")[token.partition("-")[0]]["state"])


def _refused(arena: Arena, peer: RoguePeer, token: str, reason: str) -> None:
    """Show a token; it must be refused for `reason`, and the key waits as any stranger's."""
    with arena.counted(f"token refused: {reason}"):
        welcome = peer.hello(token=token)
    assert (welcome.status, welcome.reason.startswith(REFUSED)) == ("pending", True), welcome
    assert arena.state_of(peer.id) == ["pending"]


def test_expired_token_is_refused_each_time(arena: Arena) -> None:
    token = arena.token("expires=1s", "uses=5")
    arena.until("the token to expire", lambda: _state(arena, token) == "expired")
    early, late = arena.rogue("early"), arena.rogue("late")
    for peer in (early, late, early, early):
        _refused(arena, peer, token, "expired")
    assert _left(arena, token) == 5


def test_revoked_token_is_refused_each_time(arena: Arena) -> None:
    token = arena.token("uses=5")
    first = arena.rogue("first")
    first.join(token)
    arena.runner("token.revoke", token.partition("-")[0])
    second = arena.rogue("second")
    for _ in range(3):
        _refused(arena, second, token, "revoked")
    assert _left(arena, token) == 4
    assert first.hello(token=token).status == "accepted", "who is in stays in"


def test_used_up_token_is_refused_each_time(arena: Arena) -> None:
    token = arena.token()
    arena.rogue("first").join(token)
    second = arena.rogue("second")
    for _ in range(3):
        _refused(arena, second, token, "used up")
    assert _left(arena, token) == 0


def test_one_use_token_shown_by_ten_at_once_lets_one_in(arena: Arena) -> None:
    token = arena.token()
    crowd = [arena.rogue(f"crowd-{number}") for number in range(10)]
    with arena.counted("token refused: used up", 9):
        welcomes = _all_at_once(crowd, token)
    assert sorted(each.status for each in welcomes) == ["accepted"] + ["pending"] * 9
    assert len([peer for peer in crowd if arena.state_of(peer.id) == ["accepted"]]) == 1
    assert _left(arena, token) == 0


def test_many_keys_of_one_id_at_once_use_a_token_once(arena: Arena) -> None:
    token = arena.token("uses=10")
    crowd = [arena.rogue("one-id") for _ in range(10)]
    welcomes = _all_at_once(crowd, token)
    assert [each.status for each in welcomes].count("accepted") == 1
    assert [each.status for each in welcomes].count("pending") == 0
    assert arena.state_of("one-id").count("accepted") == 1
    assert _left(arena, token) == 9
    again = [peer.hello(token=token).status for peer in crowd]
    assert sorted(again) == ["accepted"] + ["denied"] * 9, "told what is so, not to try again for ever"
    assert _left(arena, token) == 9


def test_one_minion_that_asks_again_and_again_uses_a_token_once(arena: Arena) -> None:
    """As one does whose first answer was lost."""
    token = arena.token("uses=10")
    eager = arena.rogue("eager")
    hello = eager.hello_bytes(token=token)
    for _ in range(10):
        eager.say("hello", hello)
    assert eager.welcome().status == "accepted"
    eager.replies(quiet_s=0.5)
    assert eager.hello(token=token).status == "accepted"
    assert _left(arena, token) == 9


@pytest.mark.parametrize(
    "wrong",
    [" ", "a", "no-token", "-", "\0", "a" * 128, "aaaaaaaa-" + "a" * 32, "k3v9x2m4", "é" * 41, "%s\n", "\n%s", " %s",
     "%s\0", "\0%s", "%sa", "%s-%s", "%.40s", "%.9s" + "a" * 32, "%.9s" + "*" * 32, "%.9s", "upper %s", "../../%s",
     "'; DROP TABLE tokens; --", "%%", "_" * 41, "\u212a" * 41],
    ids=repr,
)  # fmt: skip
def test_garbage_is_refused_and_costs_a_good_token_nothing(arena: Arena, wrong: str) -> None:
    good = arena.token()
    shown = good.upper() if wrong == "upper %s" else wrong.replace("%s", good)
    for cut in ("%.40s", "%.9s"):
        shown = shown.replace(cut, good[: int(cut[2:-1])])
    stranger = arena.rogue()
    _refused(arena, stranger, shown, "unknown token")
    assert _left(arena, good) == 1
    assert stranger.hello(token=good).status == "accepted", "a wrong one does not spoil the right one"
    assert _left(arena, good) == 0


@pytest.mark.parametrize(
    "wrong",
    ["a" * 129, "a" * 3000, b"a" * 41, None, 7, True, ["%s"], {"token": "%s"}, 1.5, b"\xff"],
    ids=lambda value: repr(value)[:20],
)
def test_token_of_another_type_or_length_is_refused_before_it_is_looked_up(arena: Arena, wrong: Any) -> None:
    good = arena.token()
    stranger = arena.rogue()
    with arena.counted("message refused: malformed"):
        stranger.say("hello", stranger.hello_bytes(token=wrong))
    assert arena.state_of(stranger.id) == []
    assert _left(arena, good) == 1


def test_token_of_another_master_is_refused(arena: Arena) -> None:
    _, foreign = new_token()
    arena.secrets.add(foreign)
    _refused(arena, arena.rogue(), foreign, "unknown token")


def test_hello_with_a_token_that_somebody_else_signed_uses_none(arena: Arena) -> None:
    """Whoever sees another's hello cannot spend its token: it is bound to the key of the connection."""
    token = arena.token()
    honest, thief = arena.rogue("honest"), arena.rogue("thief")
    with arena.counted("message refused: wrong curve key"):
        thief.say("hello", honest.hello_bytes(token=token))
    with arena.counted("message refused: bad signature"):
        seen = honest.hello_bytes(token=token)
        thief.say("hello", seen.replace(honest.keys.curve.public, thief.keys.curve.public))
    assert arena.state_of("honest") == arena.state_of("thief") == []
    assert _left(arena, token) == 1
    honest.join(token)


@pytest.mark.parametrize("state", ["taken id", "twin of an id", "rejected", "accepted", "key of another id"])
def test_token_that_cannot_help_is_not_used(arena: Arena, state: str) -> None:
    token = arena.token()
    peer = arena.rogue({"taken id": GOOD, "twin of an id": GOOD.upper()}.get(state, "peer"))
    expected = "denied"
    if state == "rejected":
        assert peer.hello().status == "pending"
        arena.keys("reject", peer.id)
        expected = "rejected"
    elif state in ("accepted", "key of another id"):
        peer.join(arena.token())
        peer.id, expected = ("peer", "accepted") if state == "accepted" else ("other", "denied")
    for _ in range(3):
        assert peer.hello(token=token).status == expected
    assert _left(arena, token) == 1
    peer.id = "peer"


def test_token_gives_its_own_tags_and_no_others(arena: Arena) -> None:
    """A minion does not choose what the master says of it, not even by its hello."""
    token = arena.token("site=oslo")
    peer = arena.rogue("tagged")
    with arena.counted("message refused: malformed"):
        peer.say("hello", peer.hello_bytes(token=token, tags={"site": "paris"}))
    assert _left(arena, token) == 1
    assert peer.join(token).tags == {"site": "oslo"}
    other = arena.token("site=rome")
    assert peer.hello(token=other).tags == {"site": "oslo"}
    assert _left(arena, other) == 1


def test_store_that_cannot_write_lets_nobody_in_and_loses_nothing(arena: Arena) -> None:
    token = arena.token()
    crowd = [arena.rogue(f"patient-{number}") for number in range(2)]
    with _store_held(arena):
        welcomes = _all_at_once(crowd, token)
        assert {each.status for each in welcomes} == {"busy"}, welcomes
        assert all(each.retry_after_s > 0 for each in welcomes)
        for peer in crowd:
            assert arena.state_of(peer.id) == []
            with arena.counted("heartbeat refused: key not accepted"):
                peer.say("heartbeat", {"running": 0})
    assert _left(arena, token) == 1
    statuses = [each.status for each in _all_at_once(crowd, token)]
    assert sorted(statuses) == ["accepted", "pending"]
    assert _left(arena, token) == 0


def _all_at_once(crowd: list[RoguePeer], token: str) -> list[Welcome]:
    """Let all show the token before anybody is answered."""
    hellos = [peer.hello_bytes(token=token) for peer in crowd]
    for peer, hello in zip(crowd, hellos, strict=True):
        peer.say("hello", hello)
    return [peer.welcome(timeout_s=60) for peer in crowd]


@contextmanager
def _store_held(arena: Arena) -> Iterator[None]:
    """Hold the database's write lock, as a backup that hangs does."""
    path = arena.fleet.master_root / "var/lib/shoal/master/master.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as database:
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.execute("ROLLBACK")
