"""`shoal-run`: what ran, who is there, and the functions' own documentation."""

from __future__ import annotations

import json
import re
import time

import pytest

from shoal.version import VERSION
from tests.acceptance.at_work import EVERYONE, Watched, newest_job, stopped, wait_gone
from tests.fleet import Fleet, until


def test_job_is_listed_with_what_was_asked(fleet: Fleet) -> None:
    fleet.shoal("web-*", "test.arg", "16:10", "n=5", "--metadata=ticket=T-1")
    jid = newest_job(fleet, "test.arg")
    listed = fleet.runner("jobs.list_jobs")[jid]
    assert listed.pop("StartTime").endswith(f".{jid[14:]}")
    assert listed.pop("User")
    assert listed == {
        "Function": "test.arg",
        "Arguments": ["16:10", "n=5"],
        "Target": "web-*",
        "Target-type": "glob",
        "Metadata": {"ticket": "T-1"},
    }


def test_jobs_are_found_again(fleet: Fleet) -> None:
    fleet.shoal("db-1", "test.echo", "needle")
    jid = newest_job(fleet, "test.echo")
    time_of_it = time.time()
    for words, found in (
        (["search_function=test.e*"], True),
        (["search_function=cmd.*"], False),
        (["search_target=db-*"], True),
        (["search_target=mail-*"], False),
        (["limit=1"], True),
        ([f"start_time={time_of_it - 60}"], True),
        ([f"start_time={time_of_it + 60}"], False),
        ([f"end_time={time_of_it - 3600}"], False),
        (["user=nobody-of-that-name"], False),
        (['search_metadata={"ticket": "T-none"}'], False),
    ):
        assert (jid in (fleet.runner("jobs.list_jobs", *words) or {})) is found, words


def test_one_job_is_shown_whole(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        fleet.shoal("*", "cmd.run", "echo hi", "-t", "0.5")
        jid = newest_job(fleet, "cmd.run")
        job = fleet.runner("jobs.list_job", jid)
        assert fleet.runner("jobs.print_job", jid) == {jid: job}
        assert fleet.runner("jobs.lookup_jid", jid) == {"web-1": "hi", "web-2": "hi"}
        whole = fleet.runner("jobs.lookup_jid", jid, "missing=True")
        assert re.fullmatch(
            r"Minion did not return\. \[Undeliverable since .*: Sent, not received\. It is .* gave no sign .*\]",
            whole.pop("db-1"),
        )
        assert whole == {"web-1": "hi", "web-2": "hi"}
        assert fleet.runner("jobs.exit_success", jid) == {"db-1": False, "web-1": True, "web-2": True}
    assert (job["jid"], job["Function"], job["Minions"], job["Missing"]) == (
        jid,
        "cmd.run",
        EVERYONE,
        ["db-1"],
    )
    assert sorted(job["Result"]) == ["web-1", "web-2"]
    answer = job["Result"]["web-1"]
    assert 0 <= answer.pop("duration") < 60
    assert answer == {"return": "hi", "retcode": 0, "success": True, "outcome": "done"}
    until("the last answer", lambda: fleet.ask("jobs.exit_success", jid) == dict.fromkeys(EVERYONE, True))


def test_newest_jobs_by_their_number(fleet: Fleet) -> None:
    fleet.shoal("web-1", "test.true")
    fleet.shoal("web-1", "test.false")
    both = fleet.runner("jobs.list_jobs_filter", "2")
    assert sorted(job["Function"] for job in both.values()) == ["test.false", "test.true"]


def test_runner_at_work_is_listed(fleet: Fleet) -> None:
    with Watched(fleet, "shoal-run", "test.sleep", "60"):
        at_work = until(
            "the runner", lambda: [r for r in fleet.ask("jobs.master") if r["fun"] == "test.sleep"]
        )
        assert sorted(at_work[0]) == ["StartTime", "fun", "user"]
    until("its end", lambda: [r["fun"] for r in fleet.ask("jobs.master")] == ["jobs.master"])


def test_last_run_is_the_newest(fleet: Fleet) -> None:
    fleet.shoal("web-1", "test.version")
    fleet.shoal("db-1", "test.true")
    ((jid, job),) = fleet.runner("jobs.last_run").items()
    assert job["Function"] == "test.true"
    assert list(fleet.runner("jobs.last_run", "fun=test.v*")) == [newest_job(fleet, "test.version")]
    assert list(fleet.runner("jobs.last_run", "target=db-*")) == [jid]
    assert fleet.runner("jobs.last_run", "fun=none.such") == {}


def test_jobs_look_as_in_salt(fleet: Fleet) -> None:
    fleet.shoal("web-1", "test.true")
    jid = newest_job(fleet, "test.true")
    shown = fleet.program("shoal-run", "jobs.last_run", "fun=test.true").stdout
    assert re.fullmatch(
        rf"{jid}:\n    ----------\n    Arguments:\n    Function:\n        test.true\n    StartTime:\n"
        r"        \d{4}, [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d\.\d{6}\n    Target:\n        web-1\n"
        r"    Target-type:\n        glob\n    User:\n        \w+\n",
        shown,
    ), shown


# ------------------------------------------------------------------ who is there


def test_everyone_is_up(fleet: Fleet) -> None:
    assert fleet.runner("manage.up") == EVERYONE
    for name in ("present", "alived", "joined", "allowed", "not_reaped"):
        assert fleet.runner(f"manage.{name}") == EVERYONE
    assert fleet.runner("manage.present", "db-1,nobody", "show_ip=True") == {"db-1": "127.0.0.1"}
    assert fleet.runner("manage.up", "web-*") == ["web-1", "web-2"]
    assert fleet.runner("manage.status", "T@site:rome", "tgt_type=compound") == {"up": ["db-1"], "down": []}
    assert fleet.runner("manage.down") == []
    assert fleet.runner("manage.status") == {"up": EVERYONE, "down": []}
    assert fleet.runner("manage.versions") == {
        "Master": VERSION,
        "Up to date": dict.fromkeys(EVERYONE, VERSION),
    }


def test_one_is_down(fleet: Fleet) -> None:
    fleet.minions["db-1"].stop()
    wait_gone(fleet, "db-1")
    try:
        assert fleet.runner("manage.status") == {"up": ["web-1", "web-2"], "down": ["db-1"]}
        for name in ("down", "not_present", "not_alived", "not_joined", "not_allowed", "reaped"):
            assert fleet.runner(f"manage.{name}") == ["db-1"]
        assert fleet.runner("manage.down", "web-*") == []
        assert fleet.runner("manage.versions")["Not connected"] == ["db-1"]
    finally:
        fleet.start_minion("db-1")
        fleet.wait_up("db-1")


def test_forgotten_grains_are_asked_for_anew(fleet: Fleet) -> None:
    known = fleet.runner("cache.grains", "db-1")
    fleet.minions["db-1"].stop()
    wait_gone(fleet, "db-1")
    try:
        assert fleet.runner("cache.clear_grains", "db-1") == ["db-1"]
        assert fleet.runner("cache.grains", "db-1") == {"db-1": {"id": "db-1"}}
        assert fleet.shoal("-G", "role:db", "test.ping").returncode == 2
    finally:
        fleet.start_minion("db-1")
        fleet.wait_up("db-1")
    until("its grains", lambda: fleet.ask("cache.grains", "G@role:db"))
    assert fleet.runner("cache.clear_all", "*") == EVERYONE
    until("all grains", lambda: len(fleet.ask("cache.grains", "G@role:*")) == 3)
    assert fleet.ask("cache.grains", "db-1")["db-1"].keys() == known["db-1"].keys()


def test_configuration_is_shown(fleet: Fleet) -> None:
    assert fleet.runner("config.get", "ret_port") == fleet.request_port
    assert fleet.runner("config.get", "nodegroups:webs") == "web-*"
    done = fleet.program("shoal-run", "config.get", "ret_prt", check=False)
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr == "shoal-run: config.get: there is no key 'ret_prt'. Did you mean: ret_port?\n"


def test_arguments_of_a_runner_arrive_as_typed(fleet: Fleet) -> None:
    assert fleet.runner("test.arg", "1", "16:10", "n=5") == {"args": [1, "16:10"], "kwargs": {"n": 5}}


def test_counters_tell_what_was_refused(fleet: Fleet) -> None:
    before = fleet.counters()
    fleet.configure_minion("stranger")
    fleet.join_string("stranger", fleet.token())
    fleet.runner(
        "token.revoke", *[key for key, it in fleet.runner("token.list").items() if it["state"] == "good"]
    )
    fleet.start_minion("stranger")
    until("the refused token", lambda: fleet.counters().get("token refused: revoked", 0) > 0)
    assert "token refused: revoked" not in before
    fleet.minions.pop("stranger").stop()
    fleet.keys("-y", "-d", "stranger")


# ------------------------------------------------------------------- documentation


def test_runners_are_documented(fleet: Fleet) -> None:
    everything = fleet.program("shoal-run", "-d").stdout
    for name in ("jobs.active", "manage.up", "tag.set", "token.create", "event.send", "state.event"):
        assert f"{name}:\n" in everything, name
    some = fleet.program("shoal-run", "-d", "tag").stdout
    assert re.findall(r"^(\S+):$", some, re.MULTILINE) == ["tag.delete", "tag.list", "tag.set"]
    one = fleet.program("shoal-run", "-d", "tag.list").stdout
    assert one == fleet.program("shoal-run", "sys.doc", "tag.list").stdout
    assert one.startswith(
        "tag.list:\n\n    Show the tags of the minions that the compound `target` means.\n\n"
    )
    assert "\n\n    tag.list(target: str = '*')\n\n    CLI Example:\n\n        shoal-run tag.list" in one


def test_documentation_of_nothing_is_an_error(fleet: Fleet) -> None:
    done = fleet.program("shoal-run", "-d", "tagg", check=False)
    assert (done.stdout, done.returncode) == ("", 64)
    assert done.stderr == "shoal-run: no runner is called 'tagg'; shoal-run -d lists them\n"


@pytest.mark.parametrize("out", ["json", "yaml", "nested", "raw", "pprint"])
def test_values_in_every_look(fleet: Fleet, out: str) -> None:
    done = fleet.program("shoal-run", f"--out={out}", "manage.up")
    assert all(minion in done.stdout for minion in EVERYONE)
    if out == "json":
        assert json.loads(done.stdout) == EVERYONE


def test_quiet_prints_nothing(fleet: Fleet) -> None:
    done = fleet.program("shoal-run", "-q", "manage.up")
    assert (done.stdout, done.stderr) == ("", "")
