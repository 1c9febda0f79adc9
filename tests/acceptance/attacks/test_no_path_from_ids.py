"""Job ids, minion ids, functions and tags that are paths: refused in every place that takes one (attack list 18).

The tables name the places: what a minion sends, what an operator asks, what a box is told by whoever has the master's
keys. After each file the folders of master and minions hold the names they held before, and nothing else has come.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from master.cli.client import Conversation, Refused
from pki.envelope import seal
from pki.purpose import JOB as JOB_PURPOSE
from shoal.messages import CANCEL, HELLO, JOB, reply
from shoal.subscribers import MINE
from shoal.wire import encode
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import RogueMaster, RoguePeer, make_job

JID = "20261121000000000001"
WAY_OUT = "../../../../../../../etc/passwd"
BAD_JIDS: list[Any] = [
    "", "..", "../x", WAY_OUT, "/etc/passwd", "20261121/0000000001", "2026112100000000000", f"{JID}0", f"{JID}\n",
    f" {JID[1:]}", "2026112100000000000\0", "20261121000000000/..", "%2e%2e%2f20261121000", "2026-11-21T00:00:00Z",
    "２０２６１１２１０００００００００００１", "+0261121000000000001", "0x261121000000000001", "~" * 20,  # noqa: RUF001
    None, 2026112100000000000, True, [JID], {"jid": JID}, JID.encode(),
]  # fmt: skip
BAD_FUNCTIONS: list[Any] = [
    "", "test", "test.", ".ping", "../test.ping", "test/../cmd.run", "test.ping/../x", "/etc/passwd.run", "test..ping",
    "a.b.c", "test.ping\0", "test.ping\n", "Test.ping", "test.pin g", "tést.ping", "test.__class__.x", f"{'a' * 65}.b",
    "..", "...", None, 7, ["test.ping"], b"test.ping",
]  # fmt: skip
BAD_IDS: list[Any] = [
    "", ".", "..", "../x", WAY_OUT, "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", "-rf", ".hidden", "a..b", "a.",

    "x" * 254, "ａ", "a b", "*", "~root", "$HOME",  # noqa: RUF001
    None, 7, ["a"], b"a",
]  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[Arena]:
    """A master and a good minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=60)
        fleet.join(GOOD)
        arena = Arena(fleet)
        arena.secrets.add("root:x:0:0")
        arena.run(GOOD, "test.ping", mode="queue", queue_ttl_s=60.0)
        yield arena
        arena.hang_up()


@pytest.fixture(scope="module")
def insider(shared: Arena) -> RoguePeer:
    """A peer with an accepted key."""
    return shared.insider("curious", reads=False)


@pytest.fixture
def arena(shared: Arena, insider: RoguePeer) -> Iterator[Arena]:
    """The fleet; afterwards there is no file that was not there before, and all is well."""
    before = _names(shared.fleet.folder)
    yield shared
    assert _names(shared.fleet.folder) == before
    shared.still_well()


def _names(folder: Path) -> set[str]:
    """Return all paths below a folder, and the names beside it that a way out of one step would have made."""
    passing = ("-wal", "-shm", "-journal", ".tmp", ".pyc")
    below = {str(path) for path in folder.rglob("*") if not path.name.endswith(passing)}
    return below | {
        str(folder.parent / name) for name in ("x", "b", "passwd") if (folder.parent / name).exists()
    }


# ------------------------------------------------------------------ by a minion

RETURN: dict[str, Any] = {
    "jid": JID, "fun": "test.ping", "outcome": "done", "retcode": 0, "packed": b"\xc3",
    "started": 1.0, "duration_s": 0.1, "trimmed": 0, "out": "",
}  # fmt: skip
MESSAGES: dict[str, Callable[[Any], tuple[str, Any]]] = {
    "started, jid": lambda bad: ("started", {"jid": bad, "at": 1.0}),
    "received, jid": lambda bad: ("received", {"jids": [bad]}),
    "received, after a good one": lambda bad: ("received", {"jids": [JID, bad]}),
    "progress, jid": lambda bad: ("progress", {"jid": bad, "seq": 1, "kind": "output", "text": "x"}),
    "return, jid": lambda bad: ("return", {**RETURN, "jid": bad}),
    "slice, jid": lambda bad: (
        "slice", {"jid": bad, "digest": bytes(32), "size": 10, "at": 0, "data": b"0123456789"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", MESSAGES)
def test_job_id_of_a_minion_that_is_none_is_refused(arena: Arena, insider: RoguePeer, place: str) -> None:
    for bad in BAD_JIDS:
        with arena.counted("message refused: malformed"):
            insider.say(*MESSAGES[place](bad))


def test_function_in_a_return_that_is_none_is_refused(arena: Arena, insider: RoguePeer) -> None:
    for bad in BAD_FUNCTIONS:
        with arena.counted("message refused: malformed"):
            insider.say("return", {**RETURN, "fun": bad})


@pytest.mark.parametrize("verb", ["started", "return", "progress"])
def test_minion_id_beside_the_body_is_refused(arena: Arena, insider: RoguePeer, verb: str) -> None:
    body = MESSAGES[f"{verb}, jid"](JID)[1]
    with arena.counted("message refused: malformed"):
        insider.say(verb, {**body, "id": WAY_OUT})


def test_id_in_a_hello_that_is_none_is_refused(arena: Arena) -> None:
    for bad in BAD_IDS:
        stranger = arena.rogue()
        with arena.counted("message refused: malformed"):
            stranger.say("hello", stranger.hello_bytes(id=bad))
        stranger.close()
    assert set(arena.keys("list")["minions"]["accepted"]) == {GOOD, "curious"}


@pytest.mark.parametrize(
    "tag",
    ["../../x", WAY_OUT, "/etc/passwd", "a/../../../shoal/job/new", "~root/x", "%2e%2e/x", "..", "*", "a\\b"],
)
def test_tag_of_a_minions_event_stays_a_text_below_its_own(
    arena: Arena, insider: RoguePeer, tag: str
) -> None:
    heard = _listen(arena, lambda: insider.say("event", {"tag": tag, "data": {}}))
    assert heard == f"shoal/minion/curious/event/{tag}"


@pytest.mark.parametrize(
    "tag", ["a\0b", "a\nb", "\x1b[2J", "\u202ex", "x" * 513, None, 7, ["a"], b"a"], ids=repr
)
def test_tag_that_is_no_line_of_text_is_refused(arena: Arena, insider: RoguePeer, tag: Any) -> None:
    reason = "reserved tag" if isinstance(tag, str) and len(tag) < 513 else "malformed"
    with arena.counted(f"message refused: {reason}"):
        insider.say("event", {"tag": tag, "data": {}})


def _listen(arena: Arena, act: Callable[[], None]) -> str:
    path = next(arena.fleet.master_root.rglob("master.sock"))
    with Conversation(str(path), {"op": "events", "tag": "*"}) as talk:
        for message in talk:
            if message["event"] == "subscribed":
                act()
            elif message["tag"].startswith("shoal/minion/curious/event/"):
                return str(message["tag"])
    raise AssertionError("nothing was heard")


# ---------------------------------------------------------------- by an operator

RUNNERS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "jobs.lookup_jid": lambda bad: (bad,),
    "jobs.list_job": lambda bad: (bad,),
    "jobs.print_job": lambda bad: (bad,),
    "jobs.exit_success": lambda bad: (bad,),
    "jobs.cancel": lambda bad: (bad,),
    "jobs.retry": lambda bad: (bad,),
    "jobs.resolve": lambda bad: (bad, GOOD, "done"),
    "jobs.queue": lambda bad: (f"jid={bad}",),
}
TEXT_JIDS = [bad for bad in BAD_JIDS if isinstance(bad, str)]


@pytest.mark.parametrize("fun", RUNNERS)
def test_job_id_of_an_operator_that_is_none_is_refused(arena: Arena, fun: str) -> None:
    for bad in TEXT_JIDS:
        if fun == "jobs.queue" and not bad:
            continue  # none given: all jobs
        with pytest.raises(Refused, match="bad job id"):
            arena.runner(fun, *RUNNERS[fun](bad))


def test_function_that_an_operator_names_wrongly_is_refused(arena: Arena) -> None:
    for bad in BAD_FUNCTIONS:
        with pytest.raises(Refused):
            arena.run(GOOD, bad)
        with pytest.raises(Refused):
            arena.ask({"op": "runner", "fun": bad, "args": [], "kwargs": {}, "from_text": True})


@pytest.mark.parametrize("action", ["accept", "reject", "delete", "finger", "list"])
def test_minion_id_that_an_operator_names_wrongly_matches_nobody(arena: Arena, action: str) -> None:
    before = arena.keys("list")["minions"]
    for bad in BAD_IDS:
        if isinstance(bad, str) and bad not in ("", "*"):
            try:
                said = arena.keys(action, bad)
            except Refused:
                continue
            assert not any(said["changed"].values())
    assert arena.keys("list")["minions"] == before


@pytest.mark.parametrize(
    "words", [("shoal-run", "jobs.lookup_jid", WAY_OUT), ("shoal-key", "-d", WAY_OUT, "-y")]
)
def test_programs_refuse_them_too(arena: Arena, words: tuple[str, ...]) -> None:
    done = arena.fleet.program(*words, check=False)
    assert done.returncode != 0
    assert "root:x" not in done.stdout + done.stderr


# ---------------------------------------------------------------------- on a box


@pytest.mark.parametrize(
    "fun", ["saltutil.find_job", "minion.find_job", "minion.term_job", "minion.kill_job"]
)
def test_job_id_among_arguments_is_checked_on_the_box(arena: Arena, fun: str) -> None:
    for bad in TEXT_JIDS:
        said = arena.run(GOOD, fun, bad)[GOOD]
        assert (said["outcome"], "bad job id" in said["ret"]) == ("failed", True), said


def test_box_refuses_them_from_its_own_command_line(arena: Arena) -> None:
    root = arena.fleet.minion_root(GOOD)
    for words in ((WAY_OUT,), ("../test.ping",), ("test/../cmd.run", "id"), ("--id", "../x", "test.ping")):
        done = arena.fleet.program("shoal-call", *words, root=root, check=False)
        assert done.returncode != 0, words
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1


def test_module_and_its_functions_are_no_paths(arena: Arena) -> None:
    for name in ("../../../etc/passwd", "/etc/passwd", "..", "test/../cmd", "__init__", "context", "sources"):
        for fun in ("sys.list_functions", "sys.doc"):
            said = arena.run(GOOD, fun, name)[GOOD]
            assert said["ret"] in ([], {}) or said["outcome"] == "failed", said


# ------------------------------------------------- by whoever has the master's keys


@pytest.fixture(scope="module")
def stolen() -> Iterator[tuple[Arena, RogueMaster]]:
    """A minion, and a hostile master in the place of its own; it comes back at the end."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(job_expires_s=3600, heartbeat_s=60)
        fleet.join(GOOD)
        arena = Arena(fleet)
        secrets = arena.master
        assert fleet.master is not None
        fleet.master.stop()
        with RogueMaster(secrets) as forged:
            forged.wait_for_reader(MINE)
            forged.publish(MINE, HELLO)
            route, _, body = forged.next_request("hello")
            forged.answer(route, forged.sealed_welcome(secrets, forged.nonce_of(body)))
            yield arena, forged
        assert fleet.minions[GOOD].alive
        fleet.start_master()
        fleet.wait_up(GOOD, timeout_s=60)
        arena.still_well()


FIELDS = [("jid", bad) for bad in BAD_JIDS] + [("fun", bad) for bad in BAD_FUNCTIONS]
FIELDS += [("to", bad) for bad in BAD_IDS if bad != "*"]


@pytest.mark.parametrize("mode", ["now", "queue"])
def test_signed_job_with_a_path_in_it_is_refused(stolen: tuple[Arena, RogueMaster], mode: str) -> None:
    arena, forged = stolen
    names = _names(arena.fleet.folder)
    good = make_job(forged.secrets.fleet, to=GOOD, mode=mode)
    before = len(arena.log_lines("action=refused", log=f"{GOOD}.log"))
    for field, bad in FIELDS:
        wire = {**good.to_wire(), field: bad}
        forged.publish(MINE, _sealed(forged, wire))
    forged.publish(MINE, forged.secrets.seal_job(good))
    while True:
        _route, _verb, body = forged.next_request("return")
        if body["jid"] == good.jid:
            break
        raise AssertionError(f"a bad job was answered: {body}")
    assert len(arena.log_lines("action=refused", log=f"{GOOD}.log")) == before + len(FIELDS)
    assert _names(arena.fleet.folder) == names


def _sealed(forged: RogueMaster, wire: dict[str, Any]) -> bytes:
    return JOB + seal(JOB_PURPOSE, encode(wire), forged.secrets.keys.sign, forged.secrets.certificate)


def test_cancel_with_a_path_in_it_is_refused(stolen: tuple[Arena, RogueMaster]) -> None:
    arena, forged = stolen
    names = _names(arena.fleet.folder)
    before = len(arena.log_lines("action=refused", log=f"{GOOD}.log"))
    forged.publish(MINE, HELLO)
    route, _, body = forged.next_request("hello")
    forged.answer(route, forged.sealed_welcome(forged.secrets, forged.nonce_of(body)))
    for bad in BAD_JIDS:
        forged.answer(route, reply(CANCEL, {"jid": bad, "fun": "test.ping", "expires": 4e9}))
    for bad in BAD_FUNCTIONS:
        forged.answer(route, reply(CANCEL, {"jid": JID, "fun": bad, "expires": 4e9}))
    wanted = before + len(BAD_JIDS) + len(BAD_FUNCTIONS)
    arena.until(
        "all to be refused", lambda: len(arena.log_lines("action=refused", log=f"{GOOD}.log")) >= wanted
    )
    assert _names(arena.fleet.folder) == names
