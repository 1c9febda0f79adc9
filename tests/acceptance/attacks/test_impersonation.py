"""An accepted minion that speaks for others: no message says who it is from (attack list 3, 5, 9, 18)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from master.cli.client import Conversation
from pki.keys import NodeKeys, sha256
from pki.rotation import make_rotation
from shoal.messages import VERBS
from shoal.returns import Return
from shoal.wire import encode
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.acceptance.attacks.test_strangers import BODIES, JID
from tests.rogue import job_in, make_job

CLAIMS = ("id", "minion", "minion_id", "peer", "user", "_id", "nodename")
MAPS = sorted(verb for verb, body in BODIES.items() if isinstance(body, dict))


def test_maps_cover_every_verb_with_fields() -> None:
    assert set(MAPS) == VERBS.keys() - {"hello", "rotate", "bye"}


@pytest.mark.parametrize("verb", MAPS)
def test_no_verb_has_a_field_that_names_the_sender(arena: Arena, verb: str) -> None:
    insider = arena.insider("liar", reads=False)
    with arena.counted("message refused: malformed", len(CLAIMS)):
        for claim in CLAIMS:
            insider.say(verb, {**BODIES[verb], claim: GOOD})


def test_rotation_of_another_minion_is_refused(arena: Arena) -> None:
    insider = arena.insider("liar", reads=False)
    own = NodeKeys.generate()
    with arena.counted("message refused: wrong minion"):
        insider.say("rotate", make_rotation(GOOD, insider.keys, own, _now(arena)))
    with arena.counted("message refused: wrong keys"):
        insider.say("rotate", make_rotation("liar", own, NodeKeys.generate(), _now(arena)))
    with arena.counted("message refused: stale"):
        insider.say("rotate", make_rotation("liar", insider.keys, own, _now(arena) - 301))
    assert arena.state_of(GOOD) == ["accepted"]


def test_bye_ends_only_the_senders_session(arena: Arena) -> None:
    insider = arena.insider("leaver")
    insider.say("bye", {"id": GOOD})
    arena.until("leaver to be gone", lambda: not arena.present("leaver"))
    assert arena.present(GOOD)


def test_output_of_a_job_on_another_minion_is_refused(arena: Arena, tmp_path: Path) -> None:
    """What a job says while it runs is shown to people: nobody but its targets puts words into it."""
    insider = arena.insider("liar", reads=False)
    go = tmp_path / "go"
    request = {
        "op": "run", "target": {"kind": "glob", "expr": GOOD, "delimiter": ":"}, "fun": "cmd.run",
        "args": [f"echo begun; until [ -e {go} ]; do sleep 0.05; done; sleep 0.3"], "stream": True,
    }  # fmt: skip
    with Conversation(str(arena.fleet.master_root / "run/shoal/master/master.sock"), request) as talk:
        shown: list[Any] = []
        for message in talk:
            shown.append(message)
            if message.get("event") == "output" and not go.exists():
                with arena.counted("progress refused: not asked for", 3):
                    for seq in (1, 2, 10):
                        insider.say("progress", {**BODIES["progress"], "jid": talk.jid, "seq": seq})
                go.touch()
    said = [(each["id"], each["text"]) for each in shown if each.get("event") in ("output", "step")]
    assert said == [(GOOD, "begun\n")]


def test_hello_under_another_id_is_denied(arena: Arena) -> None:
    insider = arena.insider("liar", reads=False)
    with arena.counted("hello refused: denied"):
        insider.id = GOOD
        assert insider.hello().status == "denied"
    insider.id = "liar"
    assert arena.state_of(GOOD) == ["accepted"], "nothing was stored of it"
    assert insider.hello().status == "accepted"


def test_hello_with_the_sign_key_of_another_is_refused(arena: Arena) -> None:
    """Who copies a public key cannot sign with it; who signs with their own key is not who they say."""
    victim, liar = arena.insider("victim", reads=False), arena.rogue("liar")
    with arena.counted("message refused: bad signature"):
        liar.say("hello", liar.hello_bytes(sign_key=victim.keys.sign.public))
    with arena.counted("message refused: wrong curve key"):
        liar.say("hello", victim.hello_bytes())
    with arena.counted("message refused: wrong curve key"):
        liar.say("hello", liar.hello_bytes(curve_key=victim.keys.curve.public))
    other = arena.insider("other", reads=False)
    with arena.counted("hello refused: denied"):
        other.sign = NodeKeys.generate().sign
        assert other.hello().status == "denied", "a sign key of its own choice"
    assert liar.replies(quiet_s=0.1) == []


def test_return_for_a_job_it_was_no_target_of_is_refused(arena: Arena) -> None:
    insider = arena.insider("liar")
    arena.run(GOOD, "test.ping")
    jid = next(iter(arena.runner("jobs.last_run", "target=good-1")))
    with arena.counted("return refused: not a target"):
        insider.say("return", _return(jid))
    assert insider.wait_for("ack") == [jid], "it is told to forget it, or an honest one would ask for ever"
    assert arena.runner("jobs.lookup_jid", jid) == {GOOD: True}


def test_return_in_slices_for_a_job_it_was_no_target_of_is_refused(arena: Arena) -> None:
    insider = arena.insider("liar")
    arena.run(GOOD, "test.ping")
    jid = next(iter(arena.runner("jobs.last_run", "target=good-1")))
    whole = encode(_return(jid))
    with arena.counted("return refused: not a target"):
        slice_ = {"jid": jid, "digest": sha256(whole), "size": len(whole), "at": 0, "data": whole}
        insider.say("slice", slice_)
    with arena.counted("message refused: malformed"):
        junk = b"\xc1" * 100
        insider.say("slice", {**slice_, "digest": sha256(junk), "size": len(junk), "data": junk})
    assert arena.runner("jobs.lookup_jid", jid) == {GOOD: True}


def test_word_of_a_start_of_a_job_it_was_no_target_of_is_refused(arena: Arena) -> None:
    insider = arena.insider("liar")
    arena.run(GOOD, "test.ping")
    jid = next(iter(arena.runner("jobs.last_run", "target=good-1")))
    with arena.counted("started refused: not a target"):
        insider.say("started", {"jid": jid, "at": 1.0})
    with arena.counted("started refused: not a target"):
        insider.say("started", {"jid": JID, "at": 1.0})
    assert arena.runner("jobs.active") == {}


def test_word_that_another_ones_queued_job_was_received_changes_nothing(arena: Arena) -> None:
    insider, _sleeper = arena.insider("liar"), arena.insider("sleeper", reads=False)
    arena.fleet.shoal("sleeper", "test.ping", "--queue", "--async", check=True)
    (jid,) = arena.runner("jobs.queue")
    insider.say("received", {"jids": [jid]})
    insider.say("started", {"jid": jid, "at": 1.0})
    with arena.counted("return refused: not a target"):
        insider.say("return", _return(jid))
    assert insider.wait_for("ack") == [jid]
    assert arena.runner("jobs.queue")[jid]["queued"] == ["sleeper"]
    assert arena.runner("jobs.cancel", jid) == {"sleeper": "cancelled_before_start"}
    assert arena.runner("jobs.queue") == {}


def test_return_for_a_job_that_never_was_is_refused_and_not_stored(arena: Arena) -> None:
    insider = arena.insider("liar", reads=False)
    with arena.counted("return refused: no such job"):
        insider.say("return", _return(JID))
    assert insider.wait_for("ack") == [JID]
    assert JID not in arena.runner("jobs.list_jobs")


def test_return_that_names_another_function_is_refused(arena: Arena) -> None:
    """What rules and alerts go by is what was asked, not what a box says it was asked."""
    insider = arena.insider("liar")
    with _asking(arena, "liar", "test.ping") as answers:
        jid = job_in(insider.next_published()).jid
        with arena.counted("return refused: other function"):
            insider.say("return", {**_return(jid), "fun": "state.highstate"})
        insider.say("return", _return(jid))
    assert answers["liar"]["ret"] is True


@pytest.mark.parametrize(
    "tag",
    ["shoal/job/20261121000000000001/new", "shoal/key", "shoal/auth", "shoal/minion/good-1/start", "shoal/", "a\nb",
     "\x1b[31m", "shoal/minion/good-1/event/door"],
    ids=repr,
)  # fmt: skip
def test_reserved_event_tag_is_refused(arena: Arena, tag: str) -> None:
    insider = arena.insider("teller", reads=False)
    with arena.counted("message refused: reserved tag"):
        insider.say("event", {"tag": tag, "data": {}})


def test_event_stands_under_the_senders_own_prefix_whatever_it_says(arena: Arena) -> None:
    insider = arena.insider("teller", reads=False)
    tags = [
        "door",
        "",
        "/shoal/key",
        "../../../key",
        "salt/job/1/new",
        "Shoal/key",
        "minion/good-1/event/x",
        "*",
    ]
    with _listening(arena) as events:
        for tag in tags:
            insider.say("event", {"tag": tag, "data": {"id": GOOD, "fun": "cmd.run"}})
        arena.until("all events", lambda: len(_told(events, tags)) == len(tags))
    assert [event["tag"] for event in _told(events, tags)] == [
        f"shoal/minion/teller/event/{tag}" for tag in tags
    ]
    assert {event["data"]["id"] for event in _told(events, tags)} == {"teller"}
    assert arena.runner("jobs.active") == {}


def test_signed_looking_job_in_any_verb_reaches_nobody(arena: Arena) -> None:
    """A job frame made by a minion, put where it can: the master never publishes what minions send."""
    insider, witness = arena.insider("publisher"), arena.insider("witness")
    frame = arena.master.of_another_fleet().seal_job(
        make_job(arena.master.fleet, fun="cmd.run", args=("id",))
    )
    for verb in VERBS:
        insider.say(verb, frame)
    insider.say("event", {"tag": "new", "data": {"job": frame, "fun": "cmd.run", "tgt": "*"}})
    insider.send(frame)
    arena.until("word of it", lambda: arena.log_lines("publisher", "refused"))
    assert witness.published() == []
    assert insider.hello().status == "accepted"


@pytest.mark.parametrize(
    "minion",
    ["../x", "a/b", "a\0b", ".", "..", "", "a" * 254, "a" * 300, "a" * 5000, "g\u043e\u043ed-1", "good-1\u200b",
     "\uff47ood-1", "good-1\n", "\ngood-1", "-rf", ".hidden", "a..b", "a.", " good-1", "good 1", "good-1\r", "a\\b",
     "a;b", "$(id)", "a*", "?", "[a]", "%2e%2e", "a,b", "a\x1b[31m", "é", "/etc", "~root", "a:b", "a#b", "a'b", 'a"b'],
    ids=lambda text: repr(text)[:24],
)  # fmt: skip
def test_bad_id_is_refused_before_anything_is_made_of_it(arena: Arena, minion: str) -> None:
    stranger = arena.rogue()
    before = _files(arena)
    with arena.counted("message refused: malformed"):
        stranger.say("hello", stranger.hello_bytes(id=minion))
    assert stranger.replies(quiet_s=0.05) == []
    assert _files(arena) == before
    assert not any(minion in ids for ids in arena.keys("list")["minions"].values())


@pytest.mark.parametrize("minion", [7, None, b"good-1", ["good-1"], {"id": "good-1"}, True, 1.5], ids=repr)
def test_id_of_another_type_is_refused(arena: Arena, minion: object) -> None:
    stranger = arena.rogue()
    with arena.counted("message refused: malformed"):
        stranger.say("hello", stranger.hello_bytes(id=minion))


@pytest.mark.parametrize("twin", ["GOOD-1", "Good-1", "gooD-1"])
def test_id_that_differs_only_in_case_is_denied(arena: Arena, twin: str) -> None:
    stranger = arena.rogue(twin)
    with arena.counted("hello refused: denied"):
        assert stranger.hello().status == "denied"
    with arena.counted("hello refused: denied"):
        assert stranger.hello(token=arena.token()).status == "denied", "a token does not help either"


PATHS = (
    "../../../../tmp/x",
    "/etc/passwd",
    "20261121000000000001/../x",
    "2026112100000000000x",
    "1",
    "9" * 21,
    "",
)


@pytest.mark.parametrize("path", PATHS, ids=repr)
def test_jid_function_and_outputter_never_become_paths(arena: Arena, path: str) -> None:
    insider = arena.insider("walker", reads=False)
    before = _files(arena)
    with arena.counted("message refused: malformed", 2):
        insider.say("return", {**_return(JID), "jid": path})
        insider.say("started", {"jid": path, "at": 1.0})
    for fun in (path, f"{path}.ping", f"test.{path}"):
        with arena.counted("message refused: malformed"):
            insider.say("return", {**_return(JID), "fun": fun})
    assert _files(arena) == before


def _now(arena: Arena) -> float:
    return make_job(arena.master.fleet).issued


def _return(jid: str, value: object = True, **changes: Any) -> dict[str, Any]:
    ret = Return(
        jid=jid, fun="test.ping", outcome="done", retcode=0, packed=encode(value), started=1.0, duration_s=0.1
    )
    return {**ret.to_wire(), **changes}


@contextmanager
def _asking(arena: Arena, target: str, fun: str) -> Iterator[dict[str, Any]]:
    """Run a job beside the block; its answers are there when the block has ended."""
    answers: dict[str, Any] = {}
    asking = threading.Thread(target=lambda: answers.update(arena.run(target, fun)))
    asking.start()
    try:
        yield answers
    finally:
        asking.join()


@contextmanager
def _listening(arena: Arena) -> Iterator[list[dict[str, Any]]]:
    """Collect events during the block."""
    path = str(arena.fleet.master_root / "run/shoal/master/master.sock")
    events: list[dict[str, Any]] = []
    ready = threading.Event()
    with Conversation(path, {"op": "events", "tag": "*"}, tick_s=0.05) as talk:
        stop = threading.Event()

        def listen() -> None:
            for message in talk:
                if message["event"] == "event":
                    events.append(message)
                ready.set()
                if stop.is_set():
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        assert ready.wait(10)
        try:
            yield events
        finally:
            stop.set()
            listener.join()


def _told(events: list[dict[str, Any]], tags: list[str]) -> list[dict[str, Any]]:
    wanted = {f"shoal/minion/teller/event/{tag}" for tag in tags}
    return [event for event in events if event["tag"] in wanted]


def _files(arena: Arena) -> set[Path]:
    """Return all files of the master but its database and log."""
    return {path for path in arena.fleet.master_root.rglob("*") if "master.db" not in path.name}
