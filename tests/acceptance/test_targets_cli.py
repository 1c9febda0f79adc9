"""Every way to say who is meant, as typed on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.acceptance.at_work import answers, jids
from tests.fleet import Fleet, short_folder, until

WEB_1, WEB_2, DB_1 = "web-1", "web-2", "db-1"
WEBS, ALL, NOBODY = [WEB_1, WEB_2], [DB_1, WEB_1, WEB_2], []  # type: ignore[var-annotated]

CASES: list[tuple[str, list[str], list[str]]] = [
    # name, words before the function, who is meant
    ("everyone", ["*"], ALL),
    ("glob", ["web-*"], WEBS),
    ("glob of one character", ["web-?"], WEBS),
    ("glob of a set", ["web-[13]"], [WEB_1]),
    ("glob of what is not in a set", ["web-[!1]"], [WEB_2]),
    ("id", [DB_1], [DB_1]),
    ("glob is case sensitive", ["WEB-*"], NOBODY),
    ("no such id", ["mail-1"], NOBODY),
    ("-E", ["-E", "(web|db)-1"], [DB_1, WEB_1]),
    ("-E is anchored at the beginning only", ["-E", "web"], WEBS),
    ("-E does not look inside", ["-E", "eb-1"], NOBODY),
    ("--pcre", ["--pcre", "w.*2$"], [WEB_2]),
    ("-L", ["-L", "web-1,db-1"], [DB_1, WEB_1]),
    ("-L with spaces", ["-L", "web-1, db-1"], [DB_1, WEB_1]),
    ("-L parted by spaces", ["-L", "web-1 db-1"], [DB_1, WEB_1]),
    ("-L has no globs", ["-L", "web-*"], NOBODY),
    ("--list", ["--list", "web-2"], [WEB_2]),
    ("-G", ["-G", "role:web"], WEBS),
    ("-G with a glob", ["-G", "role:w*"], WEBS),
    ("-G ignores case", ["-G", "role:WEB"], WEBS),
    ("-G nested", ["-G", "rack:row:a"], [DB_1, WEB_1]),
    ("-G nested number", ["-G", "rack:unit:2"], [WEB_2]),
    ("-G list element", ["-G", "services:ssh"], [DB_1, WEB_1]),
    ("-G key in a list of maps", ["-G", "disks:name:sdb"], [WEB_2]),
    ("-G that anything has", ["-G", "services:*"], [DB_1, WEB_1]),
    ("-G value with colons", ["-G", "door:16:10"], [DB_1]),
    ("-G of a grain that nobody has", ["-G", "colour:red"], NOBODY),
    ("--grain with the id", ["--grain", "id:db-1"], [DB_1]),
    ("-G that every box has", ["-G", "kernel:Linux"], ALL),
    ("-G with another delimiter", ["--delimiter=|", "-G", "rack|row|a"], [DB_1, WEB_1]),
    ("-G with another delimiter and colons", ["--delimiter=#", "-G", "door#16:10"], [DB_1]),
    ("-P", ["-P", "role:(web|mail)"], WEBS),
    ("-P nested", ["-P", "rack:row:[bc]"], [WEB_2]),
    ("-P with another delimiter", ["--delimiter=#", "--grain-pcre", "rack#unit#[13]$"], [DB_1, WEB_1]),
    ("-I", ["-I", "role:web"], NOBODY),
    ("-J", ["-J", "role:.*"], NOBODY),
    ("-S network", ["-S", "10.9.0.0/24"], [DB_1]),
    ("-S address", ["-S", "10.9.0.7"], [DB_1]),
    ("-S of IPv6", ["-S", "2001:db8::/32"], [DB_1]),
    ("-S loopback", ["-S", "127.0.0.0/8"], WEBS),
    ("--ipcidr elsewhere", ["--ipcidr", "203.0.113.0/24"], NOBODY),
    ("-N of a glob", ["-N", "webs"], WEBS),
    ("-N of a tag", ["-N", "south"], [DB_1]),
    ("-N of ids", ["-N", "first"], [DB_1, WEB_1]),
    ("-N of groups", ["-N", "edge"], [DB_1, WEB_2]),
    ("-T", ["-T", "site:paris"], WEBS),
    ("-T with a glob", ["-T", "site:r*"], [DB_1]),
    ("--tag", ["--tag", "site:*"], ALL),
    ("-T with another delimiter", ["--delimiter=|", "-T", "site|rome"], [DB_1]),
    ("-C of a glob", ["-C", "web-*"], WEBS),
    ("-C and", ["-C", "web-* and G@rack:row:a"], [WEB_1]),
    ("-C or", ["-C", "web-1 or db-1"], [DB_1, WEB_1]),
    ("-C not", ["-C", "not G@role:web"], [DB_1]),
    ("-C and not", ["-C", "* and not web-1"], [DB_1, WEB_2]),
    ("-C groups", ["-C", "( web-1 or db-1 ) and not T@site:rome"], [WEB_1]),
    ("-C and binds before or", ["-C", "db-1 or web-1 and web-2"], [DB_1]),
    ("-C not of a group", ["-C", "* and not ( web-1 or db-1 )"], [WEB_2]),
    ("-C G@", ["-C", "G@rack:row:a"], [DB_1, WEB_1]),
    ("-C P@", ["-C", "P@role:(web|mail)"], WEBS),
    ("-C E@", ["-C", "E@.*-1"], [DB_1, WEB_1]),
    ("-C L@", ["-C", "L@web-1,web-2 and not web-2"], [WEB_1]),
    ("-C S@", ["-C", "S@10.9.0.0/16"], [DB_1]),
    ("-C N@", ["-C", "N@webs and not web-1"], [WEB_2]),
    ("-C T@", ["-C", "T@site:paris and E@.*2"], [WEB_2]),
    ("-C I@", ["-C", "I@role:web"], NOBODY),
    ("-C J@", ["-C", "J@role:.*"], NOBODY),
    ("-C I@ negated", ["-C", "not I@role:web"], ALL),
    ("-C with a delimiter of its own", ["-C", "G|@rack|row|a and web-*"], [WEB_1]),
    ("-C of seven kinds", ["-C", "( G@role:web or S@10.9.0.7 ) and T@site:* and E@[dw].* and not L@web-2 and N@webs"],
     [WEB_1]),
    ("--compound of nobody", ["--compound", "web-* and db-*"], NOBODY),
]  # fmt: skip


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """The usual three, with more to tell them apart."""
    groups = {"webs": "web-*", "south": "T@site:rome", "first": ["web-1", "db-1"], "edge": "N@south or web-2"}
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(nodegroups=groups)
        for minion, site, grains in (
            (WEB_1, "paris", {"role": "web", "rack": {"row": "a", "unit": 1}, "services": ["nginx", "ssh"]}),
            (WEB_2, "paris", {"role": "web", "rack": {"row": "b", "unit": 2}, "disks": [{"name": "sdb"}]}),
            (DB_1, "rome", {"role": "db", "rack": {"row": "a", "unit": 3}, "services": ["ssh"], "door": "16:10",
                            "ipv4": ["10.9.0.7"], "ipv6": ["2001:db8::7"]}),
        ):  # fmt: skip
            fleet.join(minion, site=site, settings={"grains": grains})
        yield fleet


@pytest.mark.parametrize(("words", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_target_means_who_it_says(fleet: Fleet, words: list[str], expected: list[str]) -> None:
    shown = fleet.shoal(*words, "--preview-target", "--out=json")
    assert (json.loads(shown.stdout), shown.returncode) == (expected, 0 if expected else 2)
    done = fleet.shoal(*words, "test.ping", "--out=json", "--static")
    assert done.returncode == (0 if expected else 2), done
    assert json.loads(done.stdout or "{}") == dict.fromkeys(expected, True)


@pytest.mark.parametrize(
    "words", [["mail-*"], ["-G", "role:mail"], ["-I", "a:b"], ["mail-*", "-b", "1"], ["mail-*", "--async"]]
)
def test_nobody_meant_nothing_sent(fleet: Fleet, words: list[str]) -> None:
    before = jids(fleet)
    done = fleet.shoal(*words, "test.ping")
    assert done.stdout == "No minions matched the target. No command was sent, no jid was assigned.\n"
    assert (done.stderr, done.returncode) == ("ERROR: No return received\n", 2)
    assert jids(fleet) == before


def test_preview_sends_nothing(fleet: Fleet) -> None:
    before = jids(fleet)
    assert fleet.shoal("web-*", "test.ping", "--preview-target").stdout == "- web-1\n- web-2\n"
    assert jids(fleet) == before


def test_who_was_meant_is_kept_with_the_job(fleet: Fleet) -> None:
    fleet.shoal("-C", "web-* and not G@rack:row:b or S@10.9.0.7", "test.version")
    (jid,) = fleet.runner("jobs.last_run", "fun=test.version")
    job = fleet.runner("jobs.list_job", str(jid))
    assert job["Minions"] == [DB_1, WEB_1]
    assert (job["Target"], job["Target-type"]) == ("web-* and not G@rack:row:b or S@10.9.0.7", "compound")


def test_unknown_id_of_a_list_is_an_answer_that_is_missing(fleet: Fleet) -> None:
    done = fleet.shoal("-L", "web-1,mail-1", "test.ping", "--static")
    assert done.stdout == (
        "mail-1:\n    Minion did not return. [Unknown]\n    There is no accepted minion with this id.\n"
        "web-1:\n    True\n"
    )
    assert done.returncode == 1
    shown = fleet.shoal("-L", "web-1,mail-1", "--preview-target")
    assert shown.stdout == "- web-1\n"
    assert shown.stderr == "shoal: note: there is no accepted minion mail-1\n"


def test_unknown_id_of_a_list_is_mentioned_when_nobody_waits(fleet: Fleet) -> None:
    done = fleet.shoal("-L", "web-1,mail-1", "test.ping", "--async")
    assert re.fullmatch(r"Executed command with job ID: \d{20}\n", done.stdout)
    assert (done.stderr, done.returncode) == ("shoal: note: there is no accepted minion mail-1\n", 0)


def test_doubtful_words_are_mentioned(fleet: Fleet) -> None:
    done = fleet.shoal("-C", "web-1 or (db-1)", "test.ping")
    assert (done.stdout, done.returncode) == ("web-1:\n    True\n", 0)
    assert done.stderr == "shoal: note: '(db-1)' is read as a minion id: put spaces around each parenthesis\n"


def test_target_follows_the_grains_that_a_box_reports(fleet: Fleet) -> None:
    etc = fleet.minion_root(WEB_2) / "etc/shoal"
    (etc / "grains").write_text("season: autumn\n")
    assert answers(fleet, "-G", "season:autumn", "test.ping") == {}
    fleet.shoal(WEB_2, "minion.refresh_grains", check=True)
    until("the new grain", lambda: answers(fleet, "-G", "season:autumn", "test.ping") == {WEB_2: True})
