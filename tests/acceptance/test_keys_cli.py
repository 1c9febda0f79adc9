"""`shoal-key`: boxes that come without a token, and what an operator decides about them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.acceptance.at_work import Watched, keys_in
from tests.fleet import Fleet, Process, short_folder, until

FINGERPRINT = r"[0-9a-f]{2}(?::[0-9a-f]{2}){31}"


@pytest.fixture(scope="module")
def office() -> Iterator[Fleet]:
    """A master; boxes come and go with the tests."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        yield fleet


@pytest.fixture
def fleet(office: Fleet) -> Iterator[Fleet]:
    """The master, of which no key is left afterwards."""
    yield office
    for minion in list(office.minions):
        office.minions.pop(minion).stop()
    if office.keys("--out=newline_values_only"):
        office.keys("-y", "-D")


def come(fleet: Fleet, minion: str, *, state: str = "pending", **settings: str) -> Process:
    """Let a box come without a token and wait until its key is in `state`."""
    fleet.configure_minion(minion, **settings)
    fleet.join_string(minion, str(fleet.ask("token.join_string")))
    process = fleet.start_minion(minion)
    wait_for(fleet, settings.get("id", minion), state)
    return process


def wait_for(fleet: Fleet, minion: str, state: str) -> None:
    until(f"{minion} to be {state}", lambda: minion in keys_in(fleet, state))


def one_of_each(fleet: Fleet) -> None:
    """good-1 is accepted, new-1 waits, bad-1 is rejected, and a key is denied because it says it is good-1."""
    come(fleet, "good-1")
    fleet.keys("-y", "-a", "good-1")
    come(fleet, "new-1")
    come(fleet, "bad-1")
    fleet.keys("-y", "-r", "bad-1")
    come(fleet, "twin", id="good-1", state="denied")


# -------------------------------------------------------------------- looking


def test_keys_are_listed_as_in_salt(fleet: Fleet) -> None:
    one_of_each(fleet)
    accepted, denied = "Accepted Keys:\ngood-1\n", "Denied Keys:\ngood-1\n"
    pending, rejected = "Unaccepted Keys:\nnew-1\n", "Rejected Keys:\nbad-1\n"
    for words in ([], ["-L"], ["--list-all"], ["-l", "all"], ["--list=all"]):
        assert fleet.keys(*words) == accepted + denied + pending + rejected, words
    for names, text in (
        (("acc", "accepted"), accepted),
        (("den", "denied"), denied),
        (("pre", "un", "unaccepted"), pending),
        (("rej", "rejected"), rejected),
    ):
        for name in names:
            assert fleet.keys("-l", name) == text, name
    as_data = {"minions": ["good-1"], "minions_denied": ["good-1"], "minions_pre": ["new-1"],
               "minions_rejected": ["bad-1"]}  # fmt: skip
    assert json.loads(fleet.keys("-L", "--out=json")) == as_data
    assert fleet.keys("-L", "--out=raw") == f"{as_data}\n"
    assert fleet.keys("-L", "-q") == ""


def test_fingerprint_is_the_one_that_the_box_shows(fleet: Fleet) -> None:
    fleet.configure_minion("new-1")
    text = str(fleet.ask("token.join_string"))
    said = fleet.program("shoal-minion", "join", text, root=fleet.minion_root("new-1")).stdout
    found = re.search(rf"^fingerprint: +({FINGERPRINT})$", said, re.MULTILINE)
    assert found, said
    assert said.endswith("then run on the master: shoal-key -a new-1\n")
    fleet.start_minion("new-1")
    wait_for(fleet, "new-1", "pending")
    assert fleet.keys("-f", "new-1") == f"Unaccepted Keys:\nnew-1:  {found[1]}\n"
    assert fleet.keys("-f", "n*") == fleet.keys("--finger=new-1")
    everything = json.loads(fleet.keys("-F", "--out=json"))
    assert everything["minions_pre"] == {"new-1": found[1]}
    assert sorted(everything["local"]) == ["fleet root", "master"]
    assert all(re.fullmatch(FINGERPRINT, value) for value in everything["local"].values())


def test_public_keys_are_printed(fleet: Fleet) -> None:
    come(fleet, "new-1")
    pattern = r"Unaccepted Keys:\nnew-1:  sign [0-9a-f]{64} curve [0-9a-f]{64}\n"
    assert re.fullmatch(pattern, fleet.keys("-p", "new-1"))
    assert re.fullmatch(pattern, fleet.keys("-P"))


# ------------------------------------------------------------------- deciding


def test_accepted_box_comes(fleet: Fleet) -> None:
    come(fleet, "new-1")
    assert fleet.shoal("*", "test.ping").returncode == 2
    said = fleet.keys("-y", "-a", "new-1")
    assert said == (
        "The following keys are going to be accepted:\nUnaccepted Keys:\nnew-1\nKey for minion new-1 accepted.\n"
    )
    fleet.wait_up("new-1")
    assert fleet.shoal("new-1", "test.ping").returncode == 0


def test_glob_accepts_those_that_match(fleet: Fleet) -> None:
    for minion in ("new-1", "new-2", "other-1"):
        come(fleet, minion)
    fleet.keys("-y", "-a", "new-*")
    assert fleet.keys("-l", "acc") == "Accepted Keys:\nnew-1\nnew-2\n"
    fleet.keys("-y", "-A")
    assert fleet.keys("-l", "acc") == "Accepted Keys:\nnew-1\nnew-2\nother-1\n"
    fleet.wait_up("new-1", "new-2", "other-1")


def test_rejected_box_is_told_so(fleet: Fleet) -> None:
    box = come(fleet, "bad-1")
    fleet.keys("-y", "-r", "bad-1")
    until(
        "the box to know", lambda: "the master says rejected: an operator rejected this key" in box.text(), 5
    )
    assert fleet.keys("-l", "rej") == "Rejected Keys:\nbad-1\n"
    assert fleet.shoal("*", "test.ping").returncode == 2


def test_rejected_box_can_be_accepted_later(fleet: Fleet) -> None:
    come(fleet, "bad-1")
    fleet.keys("-y", "-R")
    wait_for(fleet, "bad-1", "rejected")
    done = fleet.program("shoal-key", "-y", "-a", "bad-1", check=False)
    assert done.stderr == (
        "shoal-key: The key glob 'bad-1' does not match any unaccepted keys."
        " It matches rejected ones: add --include-rejected to mean them\n"
    )
    assert done.returncode == 1
    fleet.keys("-y", "-a", "bad-1", "--include-rejected")
    fleet.wait_up("bad-1", timeout_s=60)  # left alone it would ask again after 4 minutes


def test_accepted_box_can_be_rejected_later(fleet: Fleet) -> None:
    box = come(fleet, "good-1")
    fleet.keys("-y", "-a", "good-1")
    fleet.wait_up("good-1")
    assert fleet.program("shoal-key", "-y", "-r", "good-1", check=False).returncode == 1
    fleet.keys("-y", "-r", "good-1", "--include-accepted")
    assert fleet.shoal("*", "test.ping").returncode == 2
    until("the box to know", lambda: "the master says rejected" in box.text())
    assert fleet.runner("manage.status") == {"up": [], "down": []}


@pytest.mark.parametrize("words", [["-D"], ["--delete", "g*"]])
def test_deleted_box_waits_again_by_itself(fleet: Fleet, words: list[str]) -> None:
    come(fleet, "good-1")
    fleet.keys("-y", "-a", "good-1")
    fleet.wait_up("good-1")
    fleet.keys("-y", *words)
    assert fleet.shoal("good-1", "test.ping").returncode == 2
    until("the box to wait again", lambda: "good-1" in keys_in(fleet, "pending"))
    fleet.keys("-y", "-a", "good-1")
    fleet.wait_up("good-1")


@pytest.mark.parametrize("decision", ["-a", "-r"])
def test_deleted_key_that_was_not_in_use_comes_back_as_well(fleet: Fleet, decision: str) -> None:
    come(fleet, "new-1")
    if decision == "-r":
        fleet.keys("-y", "-r", "new-1")
    fleet.keys("-y", "-d", "new-1")
    until("the box to wait again", lambda: "new-1" in keys_in(fleet, "pending"))


def test_second_box_of_one_name_is_denied(fleet: Fleet) -> None:
    come(fleet, "good-1")
    fleet.keys("-y", "-a", "good-1")
    twin = come(fleet, "twin", id="good-1", state="denied")
    why = "the master says denied: the id good-1 belongs to another key (accepted); delete that one first"
    until("the box to know", lambda: why in twin.text())
    done = fleet.program("shoal-key", "-y", "-a", "good-1", "--include-denied", check=False)
    assert done.stderr == "shoal-key: good-1 belongs to another key (accepted): delete that one first\n"
    assert done.returncode == 1
    assert fleet.keys("-L").startswith("Accepted Keys:\ngood-1\nDenied Keys:\ngood-1\n")
    fleet.wait_up("good-1")
    assert fleet.shoal("good-1", "test.ping").returncode == 0


# --------------------------------------------------------------------- asking


def test_operator_is_asked(fleet: Fleet) -> None:
    come(fleet, "new-1")
    for options, prompt, keys, state in (
        (["-a"], "Proceed? [n/Y] ", "n\n", "pending"),
        (["-a"], "Proceed? [n/Y] ", "\x04", "pending"),
        (["-d"], "Proceed? [N/y] ", "\n", "pending"),
        (["-r"], "Proceed? [n/Y] ", "Yes\n", "rejected"),
        (["--include-rejected", "-a"], "Proceed? [n/Y] ", "\n", "accepted"),
        (["--include-accepted", "-r"], "Proceed? [n/Y] ", "y\n", "rejected"),
    ):
        with Watched(fleet, "shoal-key", *options, "new-1", terminal=True) as key:
            key.until_out(prompt)
            key.press(keys)
            assert key.end() == 0
        assert keys_in(fleet, state) == ["new-1"], (options, keys)


def test_without_a_terminal_nobody_can_be_asked(fleet: Fleet) -> None:
    come(fleet, "new-1")
    done = fleet.program("shoal-key", "-a", "new-1", check=False)
    assert done.stderr == "shoal-key: accept asks before it acts, and stdin is no terminal: add -y\n"
    assert done.returncode == 64
    assert "new-1" in fleet.keys("-l", "pre")


def test_decisions_survive_a_restart_of_the_master(fleet: Fleet) -> None:
    one_of_each(fleet)
    before = fleet.keys("-L")
    assert fleet.master
    assert fleet.master.stop() == 0
    fleet.start_master()
    assert fleet.keys("-L") == before
    fleet.wait_up("good-1")
