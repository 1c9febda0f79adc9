"""The master's events as they happen: `shoal-run state.event`, and events of one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from tests.acceptance.at_work import Watched, listening, newest_job
from tests.fleet import Fleet, until

Event = tuple[str, dict[str, Any]]


def events(text: str) -> list[Event]:
    """Return tag and data of each event, printed on one line or pretty."""
    found = []
    for match in re.finditer(
        r"^(\S+)\t(\{.*?\})$(?=\n(?:\S|\Z))|^(\S+)\t(\{.*?^\})$", text, re.MULTILINE | re.DOTALL
    ):
        tag, data = match[1] or match[3], match[2] or match[4]
        found.append((tag, json.loads(data)))
    return found


def wait_for(stream: Watched, what: str, match: Callable[[str, dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait for an event and return its data."""

    def found() -> list[dict[str, Any]]:
        return [data for tag, data in events(stream.out) if match(tag, data)]

    return until(what, found)[0]


def test_job_is_seen_from_order_to_answer(fleet: Fleet) -> None:
    with listening(fleet, "pretty=True") as stream:
        fleet.shoal("web-*", "test.echo", "16:10")
        jid = newest_job(fleet, "test.echo")
        new = wait_for(stream, "the order", lambda tag, _: tag == f"shoal/job/{jid}/new")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", new.pop("_stamp"))
        assert new.pop("user")
        assert new == {
            "jid": jid, "fun": "test.echo", "tgt": "web-*", "tgt_type": "glob", "minions": ["web-1", "web-2"],
        }  # fmt: skip
        ret = wait_for(stream, "an answer", lambda tag, _: tag == f"shoal/job/{jid}/ret/web-2")
        ret.pop("_stamp")
        assert ret == {
            "jid": jid, "id": "web-2", "fun": "test.echo", "return": "16:10", "retcode": 0, "success": True,
            "outcome": "done",
        }  # fmt: skip
        assert f'shoal/job/{jid}/new\t{{\n    "_stamp": "' in stream.out


def test_begin_of_a_long_job_is_seen(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        fleet.shoal("web-1", "test.sleep", "0.5")
        jid = newest_job(fleet, "test.sleep")
        wait_for(
            stream,
            "its begin",
            lambda tag, data: tag == f"shoal/job/{jid}/start/web-1" and data["id"] == "web-1",
        )


def test_coming_and_going_of_a_minion_is_seen(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        fleet.minions["db-1"].stop()
        wait_for(
            stream,
            "db-1 to go",
            lambda tag, data: tag == "shoal/presence/change" and data["lost"] == ["db-1"],
        )
        fleet.start_minion("db-1")
        wait_for(
            stream,
            "db-1 to start",
            lambda tag, data: tag == "shoal/minion/db-1/start" and data["id"] == "db-1",
        )
        wait_for(
            stream,
            "db-1 to come",
            lambda tag, data: tag == "shoal/presence/change" and data["new"] == ["db-1"],
        )
        fleet.wait_up("db-1")


def test_life_of_a_key_is_seen(fleet: Fleet) -> None:
    with listening(fleet, "pretty=True") as stream:
        fleet.configure_minion("new-1")
        fleet.join_string("new-1", str(fleet.runner("token.join_string")))
        process = fleet.start_minion("new-1")

        def key(act: str) -> Callable[[str, dict[str, Any]], bool]:
            return lambda tag, data: tag == "shoal/key" and (data["id"], data["act"]) == ("new-1", act)

        pending = wait_for(
            stream,
            "the new key",
            lambda tag, data: tag == "shoal/auth" and (data["id"], data["act"]) == ("new-1", "pending"),
        )
        assert pending["address"] == "127.0.0.1"
        fleet.keys("-y", "-a", "new-1")
        assert re.fullmatch(r"[0-9a-f:]{95}", wait_for(stream, "acceptance", key("accept"))["finger"])
        wait_for(stream, "new-1 to start", lambda tag, _: tag == "shoal/minion/new-1/start")
        fleet.keys("-y", "-r", "new-1", "--include-accepted")
        wait_for(stream, "rejection", key("reject"))
        process.stop()
        fleet.keys("-y", "-d", "new-1")
        wait_for(stream, "deletion", key("delete"))
        fleet.minions.pop("new-1")


def test_box_that_comes_with_a_token_is_seen(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        fleet.join("new-2")
        seen = wait_for(
            stream, "new-2 to join", lambda tag, data: tag == "shoal/auth" and data["id"] == "new-2"
        )
        assert (seen["act"], seen["reason"]) == ("accept", "join token")
        fleet.minions.pop("new-2").stop()
        fleet.keys("-y", "-d", "new-2")


def test_events_of_ones_own(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        assert fleet.runner("event.send", "site/door/open", '{"door": 3, "time": "16:10"}') is True
        data = wait_for(stream, "it", lambda tag, _: tag == "site/door/open")
        assert data.pop("_stamp")
        assert data.pop("_user")
        assert data == {"door": 3, "time": "16:10"}


def test_only_wanted_events_are_shown(fleet: Fleet) -> None:
    with Watched(fleet, "shoal-run", "state.event", "site/*", "count=2") as stream:

        def over() -> bool:
            fleet.ask("event.send", "other/thing")
            fleet.ask("event.send", "site/thing")
            return not stream.alive

        until("two events", over)
        assert stream.end() == 0
        assert [tag for tag, _ in events(stream.out)] == ["site/thing", "site/thing"]


def test_quiet_counts_and_prints_nothing(fleet: Fleet) -> None:
    with Watched(fleet, "shoal-run", "state.event", "site/*", "quiet=True", "count=1") as stream:

        def over() -> bool:
            fleet.ask("event.send", "site/thing")
            return not stream.alive

        until("an event", over)
        assert (stream.end(), stream.out, stream.err) == (0, "", "")


def test_interrupted_stream_ends_quietly(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        stream.interrupt()
        assert stream.end() == 130
        assert stream.err == ""


def test_stream_says_when_the_master_goes(fleet: Fleet) -> None:
    with listening(fleet) as stream:
        assert fleet.master
        fleet.master.stop()
        assert stream.end() == 69
        assert re.fullmatch(r"shoal-run: The master at \S+ went away .*\n", stream.err), stream.err
    fleet.start_master()
    fleet.wait_up("web-1", "web-2", "db-1")
