"""Jobs under way: waited for, looked at, left alone, ended, queued."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.acceptance.at_work import EVERYONE, Watched, answers, newest_job, running
from tests.fleet import Fleet, until

FAILED = "ERROR: Minions returned with non-zero exit code\n"


@pytest.fixture(autouse=True)
def nothing_left_running(fleet: Fleet) -> Iterator[None]:
    """Each test leaves an idle fleet."""
    yield
    if fleet.ask("jobs.active"):
        fleet.shoal("*", "minion.kill_all_jobs")
    until("an idle fleet", lambda: not fleet.ask("jobs.active"))


def test_long_job_is_waited_for_beyond_the_timeout(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.sleep", "3", "-t", "1", "--out=txt")
    assert sorted(done.stdout.splitlines()) == ["db-1: True", "web-1: True", "web-2: True"]
    assert done.returncode == 0


def test_terminal_shows_who_is_waited_for(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "*", "test.sleep", "60", "-t", "1", terminal=True) as job:
        job.until_out("0/3 returned, 3 running, waiting for: db-1, web-1, web-2")
        fleet.shoal("web-1", "minion.kill_all_jobs")
        job.until_out("1/3 returned, 2 running, waiting for: db-1, web-2")
        fleet.shoal("*", "minion.kill_all_jobs")
        assert job.end() == 1
        final = re.sub(r"[^\n]*\r\x1b\[K", "", job.out)  # what is still seen when the status lines are gone
        assert "waiting for" not in final
        assert final.count("The job was killed") == 3


def test_pipe_shows_no_status_line(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "test.sleep", "2.5", "--static")
    assert (done.stdout, done.stderr) == ("web-1:\n    True\n", "")


# ------------------------------------------------------------- looking at it


def test_running_job_is_seen_by_minion_and_master(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "web-*", "test.sleep", "60") as job:
        jid = running(fleet, "test.sleep", "web-1", "web-2")
        for name in ("minion.running", "saltutil.running"):
            ((seen,), (other,)) = (
                answers(fleet, "web-1", name)["web-1"],
                answers(fleet, "web-2", name)["web-2"],
            )
            assert (seen["jid"], seen["fun"], seen["arg"], seen["queued"]) == (
                jid,
                "test.sleep",
                ["60"],
                False,
            )
            assert other["jid"] == jid
        assert answers(fleet, "*", "minion.is_running", "test.*")["db-1"] == []
        for name in ("minion.find_job", "saltutil.find_job"):
            found = answers(fleet, "*", name, jid)
            assert (found["web-1"]["jid"], found["db-1"]) == (jid, {})
        active = fleet.runner("jobs.active")[jid]
        assert active["Function"] == "test.sleep"
        assert sorted(name for each in active["Running"] for name in each) == ["web-1", "web-2"]
        missing = fleet.runner("jobs.lookup_jid", jid, "missing=True")
        assert all(
            re.fullmatch(r"Minion did not return\. \[Running since [\d :-]{19}\]", v)
            for v in missing.values()
        )
        assert job.alive
    assert fleet.shoal("web-*", "minion.kill_job", jid).returncode == 0
    until("no active job", lambda: jid not in fleet.ask("jobs.active"))


# ----------------------------------------------------------------- ending it

SIGNALS: list[tuple[list[str], str]] = [
    (["minion.kill_job", "JID"], "SIGKILL"),
    (["saltutil.kill_job", "JID"], "SIGKILL"),
    (["minion.term_job", "JID"], "SIGTERM"),
    (["saltutil.term_job", "JID"], "SIGTERM"),
    (["minion.signal_job", "JID", "15"], "SIGTERM"),
    (["saltutil.signal_job", "JID", "9"], "SIGKILL"),
    (["minion.kill_all_jobs"], "SIGKILL"),
    (["saltutil.term_all_jobs"], "SIGTERM"),
]


@pytest.mark.parametrize(("words", "name"), SIGNALS, ids=[words[0] for words, _ in SIGNALS])
def test_waiting_program_hears_that_its_job_was_killed(fleet: Fleet, words: list[str], name: str) -> None:
    with Watched(fleet, "shoal", "web-1", "test.sleep", "60") as job:
        jid = running(fleet, "test.sleep", "web-1")
        done = fleet.shoal("web-1", *[jid if word == "JID" else word for word in words], "--out=txt")
        number = 9 if name == "SIGKILL" else 15
        assert f"Signal {number} sent to job {jid}" in done.stdout
        assert job.end() == 1
        assert re.fullmatch(
            rf"web-1:\n    The job was killed by {name}, sent by \w+ \(\d{{20}}\)\.\n", job.out
        )
        assert job.err == FAILED
    kept = fleet.runner("jobs.list_job", jid)["Result"]["web-1"]
    assert (kept["outcome"], kept["success"]) == ("killed", False)


def test_kill_of_a_command_takes_its_children_along(fleet: Fleet) -> None:
    pidfile = fleet.folder / "child.pid"
    with Watched(fleet, "shoal", "web-1", "cmd.run", f"sleep 300 & echo $! > {pidfile}; wait") as job:
        until("the command's child", lambda: pidfile.exists() and pidfile.read_text().strip())
        jid = running(fleet, "cmd.run", "web-1")
        fleet.shoal("web-1", "minion.kill_job", jid)
        assert job.end() == 1
    stat = f"/proc/{pidfile.read_text().strip()}/stat"

    def gone() -> bool:
        try:
            with open(stat) as file:  # noqa: PTH123
                return file.read().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    until("the child to be gone", gone)


def test_kill_of_a_job_that_does_not_run_says_so(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "minion.kill_job", "20200101000000000000")
    assert done.stdout == "web-1:\n    Job 20200101000000000000 is not running here; no signal was sent\n"


# -------------------------------------------------------------- leaving it


def test_async_job_is_looked_up_later(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.sleep", "0.3", "--async")
    found = re.fullmatch(r"Executed command with job ID: (\d{20})\n", done.stdout)
    assert found, done
    assert done.returncode == 0
    everyone = dict.fromkeys(EVERYONE, True)
    until("all answers", lambda: fleet.ask("jobs.lookup_jid", found[1]) == everyone)
    assert fleet.runner("jobs.exit_success", found[1]) == everyone
    until("no active job", lambda: not fleet.ask("jobs.active"))


def test_interrupted_program_leaves_the_job(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "*", "test.sleep", "3") as job:
        jid = running(fleet, "test.sleep", *EVERYONE)
        job.interrupt()
        assert job.end() == 1
        assert f"This job's jid is: {jid}\n" in job.err
        assert job.err.endswith(f"shoal-run jobs.lookup_jid {jid}\n")
    assert jid in fleet.runner("jobs.active")
    until("all answers", lambda: fleet.ask("jobs.lookup_jid", jid) == dict.fromkeys(EVERYONE, True))


def test_program_says_where_to_look_when_the_master_goes(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "web-*", "test.sleep", "2") as job:
        jid = running(fleet, "test.sleep", "web-1", "web-2")
        assert fleet.master
        assert fleet.master.stop() == 0
        assert job.end() == 69
        assert (
            job.err
            == f"shoal: The master went away; job {jid} goes on. Ask later: shoal-run jobs.lookup_jid {jid}\n"
        )
    fleet.start_master()
    both = {"web-1": True, "web-2": True}
    until("the answers", lambda: fleet.ask("jobs.lookup_jid", jid) == both)
    fleet.wait_up(*EVERYONE)


# -------------------------------------------------------------------- queued


def test_full_minion_queues_then_refuses(fleet: Fleet) -> None:
    fleet.join("slow-1", settings={"process_count_max": 1, "job_queue_max": 1})
    with Watched(fleet, "shoal", "slow-1", "test.sleep", "61") as first:
        running(fleet, "test.sleep", "slow-1")
        with Watched(fleet, "shoal", "slow-1", "test.sleep", "0.2", "-t", "60") as second:
            seen = until("both jobs", lambda: _two(fleet))
            assert [(job["arg"], job["queued"]) for job in seen] == [(["61"], False), (["0.2"], True)]
            waiting = str(seen[1]["jid"])
            assert fleet.runner("jobs.active")[waiting]["Queued"] == ["slow-1"]
            assert fleet.runner("jobs.lookup_jid", waiting, "missing=True") == {
                "slow-1": "Minion did not return. [Received]"
            }
            third = fleet.shoal("slow-1", "test.sleep", "62")
            assert third.stdout == (
                "slow-1:\n    The minion did not start this job: 1 jobs run and 1 wait, as many as it may have.\n"
            )
            assert third.returncode == 1
            assert fleet.shoal("slow-1", "test.ping").stdout == "slow-1:\n    True\n"  # takes no place
            fleet.shoal("slow-1", "minion.kill_job", seen[0]["jid"])
            assert first.end() == 1
            assert second.end() == 0
            assert second.out == "slow-1:\n    True\n"


def test_queued_job_can_be_killed(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "slow-1", "test.sleep", "60"):
        running(fleet, "test.sleep", "slow-1")
        with Watched(fleet, "shoal", "slow-1", "cmd.run", "true", "-t", "60") as waiting:
            jid = next(job["jid"] for job in until("the queued job", lambda: _two(fleet)) if job["queued"])
            fleet.shoal("slow-1", "minion.kill_job", jid)
            assert waiting.end() == 1
            assert re.fullmatch(
                r"slow-1:\n    The job was killed by SIGKILL, sent by \w+ \(\d{20}\), before it began\.\n",
                waiting.out,
            )


def test_queued_job_is_no_silent_job(fleet: Fleet) -> None:
    with Watched(fleet, "shoal", "slow-1", "test.sleep", "3"):
        running(fleet, "test.sleep", "slow-1")
        done = fleet.shoal("slow-1", "cmd.run", "echo at last", "-t", "1")
        assert (done.stdout, done.returncode) == ("slow-1:\n    at last\n", 0)


def _two(fleet: Fleet) -> list[dict[str, object]]:
    jobs = answers(fleet, "slow-1", "minion.running")["slow-1"]
    return jobs if len(jobs) == 2 else []


def test_newest_job_is_the_last_run(fleet: Fleet) -> None:
    fleet.shoal("web-1", "test.version")
    jid = newest_job(fleet, "test.version")
    assert fleet.runner("jobs.last_run", "fun=test.version")[jid]["Function"] == "test.version"
