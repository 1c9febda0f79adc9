"""Tags, which are set on the master and can be targeted, and tokens, which let boxes in with tags."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.at_work import answers, keys_in
from tests.fleet import Fleet, short_folder, until


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master and two minions without tags."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join("web-1")
        fleet.join("db-1")
        yield fleet


@pytest.fixture(autouse=True)
def no_tags(fleet: Fleet) -> Iterator[None]:
    yield
    for minion, tags in fleet.ask("tag.list").items():
        if tags:
            fleet.ask("tag.delete", minion, *tags)


# ------------------------------------------------------------------------ tags


def test_tags_are_set_listed_targeted_and_deleted(fleet: Fleet) -> None:
    assert fleet.runner("tag.list") == {"db-1": {}, "web-1": {}}
    both = {"site": "paris", "stage": "test"}
    assert fleet.runner("tag.set", "*", "site=paris", "stage=test") == {"db-1": both, "web-1": both}
    assert fleet.runner("tag.set", "db-1", "site=rome") == {"db-1": {"site": "rome", "stage": "test"}}
    assert fleet.runner("tag.list", "T@site:paris") == {"web-1": {"site": "paris", "stage": "test"}}
    assert answers(fleet, "-T", "site:rome", "test.ping") == {"db-1": True}
    assert answers(fleet, "-C", "T@stage:* and not T@site:rome", "test.ping") == {"web-1": True}
    assert fleet.runner("tag.delete", "*", "stage", "nothing") == {
        "db-1": {"site": "rome"},
        "web-1": {"site": "paris"},
    }
    assert fleet.shoal("-T", "stage:*", "test.ping").returncode == 2


def test_values_stay_what_was_typed(fleet: Fleet) -> None:
    words = ["time=16:10", "n=007", "flag=yes", "eq=a=b", "rack-row=a", "os.name=x", "text=two words"]
    tags = {"time": "16:10", "n": "007", "flag": "yes", "eq": "a=b", "rack-row": "a", "os.name": "x",
            "text": "two words"}  # fmt: skip
    assert fleet.runner("tag.set", "web-1", *words) == {"web-1": tags}
    assert answers(fleet, "-T", "time:16:10", "test.ping") == {"web-1": True}


def test_box_learns_its_tags(fleet: Fleet) -> None:
    until("the box to know", lambda: answers(fleet, "*", "minion.tags") == {"db-1": {}, "web-1": {}})
    fleet.runner("tag.set", "web-1", "site=paris")
    until(
        "the box to know",
        lambda: answers(fleet, "*", "minion.tags") == {"db-1": {}, "web-1": {"site": "paris"}},
    )


def test_tags_survive_a_restart_of_the_master(fleet: Fleet) -> None:
    fleet.runner("tag.set", "web-1", "site=paris")
    assert fleet.master
    assert fleet.master.stop() == 0
    fleet.start_master()
    fleet.wait_up("web-1", "db-1")
    assert fleet.runner("tag.list", "web-1") == {"web-1": {"site": "paris"}}
    assert answers(fleet, "-T", "site:paris", "test.ping") == {"web-1": True}


# ---------------------------------------------------------------------- tokens


def box(fleet: Fleet, minion: str, join: str, state: str) -> None:
    """Let a box come with a join string and wait until its key is in `state`; then send it away."""
    fleet.configure_minion(minion)
    fleet.join_string(minion, join)
    fleet.start_minion(minion)
    until(f"{minion} to be {state}", lambda: minion in keys_in(fleet, state))


@pytest.fixture
def boxes(fleet: Fleet) -> Iterator[None]:
    """Boxes that come in a test are gone afterwards."""
    yield
    for minion in [name for name in fleet.minions if name.startswith("box-")]:
        fleet.minions.pop(minion).stop()
    listed = fleet.keys("-L")
    if "box-" in listed:
        fleet.keys("-y", "-d", "box-*")


@pytest.mark.usefixtures("boxes")
def test_token_lets_boxes_in_with_tags(fleet: Fleet) -> None:
    made = fleet.runner(
        "token.create", "uses=2", "expires=7d", "site=oslo", "rack-row=b", "comment=for the lab"
    )
    join = made.pop("join")
    assert re.fullmatch(r"shoal1-[a-z2-7]+", join)
    tags = {"site": "oslo", "rack-row": "b"}
    assert made == {"id": made["id"], "uses": 2, "expires": "7d", "tags": tags}
    box(fleet, "box-1", join, "accepted")
    listed = fleet.runner("token.list")[made["id"]]
    assert 7 * 86400 - 600 < listed.pop("expires_in") <= 7 * 86400
    assert listed.pop("created_by")
    assert listed == {"uses_left": 1, "uses": 2, "state": "good", "tags": tags, "comment": "for the lab"}
    assert fleet.runner("tag.list", "box-1") == {"box-1": tags}
    box(fleet, "box-2", join, "accepted")
    assert fleet.runner("token.list")[made["id"]]["state"] == "used up"
    fleet.wait_up("box-1", "box-2")
    assert answers(fleet, "-T", "site:oslo", "test.ping") == {"box-1": True, "box-2": True}
    box(fleet, "box-3", join, "pending")
    told = "the join token was refused; accept it with: shoal-key -a box-3"
    until("the box to know", lambda: told in fleet.minions["box-3"].text())
    assert fleet.counters()["token refused: used up"] > 0


@pytest.mark.usefixtures("boxes")
def test_revoked_token_lets_nobody_in(fleet: Fleet) -> None:
    made = fleet.runner("token.create")
    assert fleet.runner("token.revoke", made["id"]) is True
    assert fleet.runner("token.list")[made["id"]]["state"] == "revoked"
    box(fleet, "box-1", made["join"], "pending")


@pytest.mark.usefixtures("boxes")
def test_expired_token_lets_nobody_in(fleet: Fleet) -> None:
    made = fleet.runner("token.create", "expires=1s")
    until("the token to expire", lambda: fleet.ask("token.list")[made["id"]]["state"] == "expired")
    box(fleet, "box-1", made["join"], "pending")


@pytest.mark.usefixtures("boxes")
def test_box_that_is_in_needs_no_token_any_more(fleet: Fleet) -> None:
    made = fleet.runner("token.create")
    box(fleet, "box-1", made["join"], "accepted")
    fleet.wait_up("box-1")
    join_file = fleet.minion_root("box-1") / "etc/shoal/pki/minion/join"
    until("the token to be blanked", lambda: join_file.read_text().strip() != made["join"])
    fleet.minions["box-1"].stop()
    fleet.start_minion("box-1")
    fleet.wait_up("box-1")


def test_secret_of_a_token_is_shown_once(fleet: Fleet) -> None:
    made = fleet.runner("token.create")
    assert made["join"] not in fleet.program("shoal-run", "token.list", "--out=json").stdout
    assert "join" not in fleet.runner("token.list")[made["id"]]
    fleet.runner("token.revoke", made["id"])
