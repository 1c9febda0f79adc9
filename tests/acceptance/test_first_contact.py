"""A minion joins, answers and goes; the smallest whole story."""

from __future__ import annotations

from tests.fleet import Fleet


def test_three_minions_answer(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.ping", "--static", "--out=json", "--out-indent=-1")
    assert done.stdout.strip() == '{"db-1": true, "web-1": true, "web-2": true}', done
    assert done.returncode == 0


def test_minion_without_token_waits_until_accepted(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    fleet.start_master()
    fleet.configure_minion("edge-1")
    fleet.join_string("edge-1", str(fleet.runner("token.join_string")))
    fleet.start_minion("edge-1")
    from tests.fleet import until

    until("the pending key", lambda: "edge-1" in fleet.keys("-l", "un"))
    assert fleet.shoal("*", "test.ping").returncode == 2
    fleet.keys("-y", "-a", "edge-1")
    fleet.wait_up("edge-1")
    assert fleet.shoal("*", "test.ping").stdout == "edge-1:\n    True\n"
