"""What comes back from a job, and how it looks: results, failures, silence, exit codes, outputters."""

from __future__ import annotations

import json
import re
import signal
import time
from pathlib import Path

import pytest
import yaml

from shoal.outputters import names
from tests.acceptance.at_work import EVERYONE, Watched, answers, stopped, wait_gone
from tests.fleet import Fleet, until

FAILED = "ERROR: Minions returned with non-zero exit code\n"


def test_results_come_as_minions_answer(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"), Watched(fleet, "shoal", "*", "test.ping", "-t", "60") as job:
        job.until_out("web-1:\n    True\n")
        job.until_out("web-2:\n    True\n")
        assert "db-1" not in job.out
        fleet.minions["db-1"].send_signal(signal.SIGCONT)
        assert job.end() == 0
        assert job.out.endswith("db-1:\n    True\n")


def test_static_results_come_together_and_sorted(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"), Watched(fleet, "shoal", "*", "test.ping", "--static", "-t", "60") as job:
        until("the two others to return", lambda: _returned(fleet) >= {"web-1", "web-2"})
        assert job.out == ""
        fleet.minions["db-1"].send_signal(signal.SIGCONT)
        assert job.end() == 0
        assert job.out == "db-1:\n    True\nweb-1:\n    True\nweb-2:\n    True\n"


def _returned(fleet: Fleet) -> set[str]:
    return {minion for job in fleet.ask("jobs.active").values() for minion in job["Returned"]}


FAILURES: list[tuple[list[str], str]] = [
    (["test.exception", "boom"],
     r"The minion function caused an exception: RuntimeError: boom \(modules/test\.py:\d+\)"),
    (["test.assertion", "false"], r"the assertion is false"),
    (["test.retcode", "3"], r"True"),
    (["test.sleep", "60", "--job-timeout=0.5"], r"The job was killed: it took longer than 0\.5 s\."),
    (["cmd.run", "echo out; echo err >&2; exit 7"], r"out\n    err"),
    (["cmd.run", "kill -9 $$"], r".*"),
    (["cmd.run", "no_such_program_here"], r".*no_such_program_here.*not found"),
    (["test.nope"], r"'test\.nope' is not available\..*"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "pattern"), FAILURES, ids=[" ".join(words[:2]) for words, _ in FAILURES])
def test_failure_is_shown_and_exits_1(fleet: Fleet, words: list[str], pattern: str) -> None:
    done = fleet.shoal("web-1", *words)
    assert (done.stderr, done.returncode) == (FAILED, 1)
    assert re.fullmatch(rf"web-1:\n(?:    {pattern}\n)?", done.stdout), done.stdout


def test_one_failure_among_many_exits_1(fleet: Fleet) -> None:
    flag = fleet.folder / "first"
    done = fleet.shoal("*", "cmd.run", f"mkdir {flag} && echo made", "--out=txt")
    assert (done.stderr, done.returncode) == (FAILED, 1)
    assert sorted(line.partition(":")[0] for line in done.stdout.splitlines()) == EVERYONE
    assert done.stdout.count("File exists") == 2


def test_return_code_is_kept_with_the_job(fleet: Fleet) -> None:
    fleet.shoal("web-1", "cmd.run", "exit 7")
    (jid,) = fleet.runner("jobs.last_run", "fun=cmd.run")
    kept = fleet.runner("jobs.list_job", str(jid))["Result"]["web-1"]
    assert (kept["retcode"], kept["success"], kept["outcome"]) == (7, False, "done")


def test_huge_output_is_trimmed_and_says_so(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "cmd.run", "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert done.returncode == 0
    said = re.fullmatch(r"shoal: web-1: (\d+) bytes of its output were left out\n", done.stderr)
    assert said, done.stderr
    assert len(done.stdout) + int(said[1]) > 5_000_000
    assert len(done.stdout) < 2_000_000
    assert f"[... {said[1]} bytes cut ...]" in done.stdout
    assert done.stdout.endswith("the end\n")


def test_binary_output_is_shown_and_harmless(fleet: Fleet) -> None:
    command = r"printf 'a\377b\000c\033]0;owned\007d\303\274\n'"
    done = fleet.shoal("web-1", "cmd.run", command)
    assert (done.stdout, done.returncode) == ("web-1:\n    a\\xffb\\x00c\\x1b]0;owned\\x07dü\n", 0)
    for out in ("json", "yaml", "txt", "raw", "pprint", "table", "newline_values_only"):
        assert (
            set(fleet.shoal("web-1", "cmd.run", command, f"--out={out}").stdout) & {"\0", "\x1b", "\x07"}
            == set()
        )


# ------------------------------------------------------------------ silence


def test_minion_that_gives_no_sign_is_given_up_after_the_timeout(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        since = time.monotonic()
        done = fleet.shoal("*", "test.ping", "-t", "1", "--static", "--summary", "-v")
        took = time.monotonic() - since
    assert took >= 1
    assert (done.stderr, done.returncode) == (FAILED, 1)
    jid = re.match(r"Executing job with jid (\d{20})\n-{43}\n\n", done.stdout)
    assert jid, done.stdout
    rule = "-------------------------------------------\n"
    assert done.stdout[jid.end() :] == (
        "db-1:\n    Minion did not return. [Sent, not received]\n"
        "    It is connected and was sent the job, but gave no sign within 1 s.\n"
        "web-1:\n    True\nweb-2:\n    True\n\n"
        f"{rule}Summary\n{rule}"
        "# of minions targeted: 3\n# of minions returned: 2\n# of minions that did not return: 1\n"
        f"# of minions with errors: 0\n# of minions not connected: 0\n"
        f"# of minions sent, not received: 1\nMinions not responding: db-1\n{rule}"
    )


def test_silence_is_plain_for_machines(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        done = fleet.shoal("*", "test.ping", "-t", "0.5", "--out=json", "--static")
        hidden = fleet.shoal("*", "test.ping", "-t", "0.5", "--out=json", "--static", "--hide-timeout")
    silent = "Minion did not return. [Sent, not received]"
    assert json.loads(done.stdout) == {"db-1": silent, "web-1": True, "web-2": True}
    assert json.loads(hidden.stdout) == {"web-1": True, "web-2": True}
    assert (done.returncode, hidden.returncode) == (1, 1)


def test_answer_after_the_timeout_is_kept(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        fleet.shoal("db-1", "test.echo", "late", "-t", "0.5")
    (jid,) = fleet.runner("jobs.last_run", "fun=test.echo")
    until("the late answer", lambda: fleet.ask("jobs.lookup_jid", str(jid)) == {"db-1": "late"})


def test_minion_that_is_down_is_reported_at_once(fleet: Fleet) -> None:
    fleet.minions["db-1"].stop()
    wait_gone(fleet, "db-1")
    try:
        since = time.monotonic()
        done = fleet.shoal("*", "test.ping", "-t", "60", "--static", "--summary")
        assert time.monotonic() - since < 30
        assert re.search(
            r"db-1:\n    Minion did not return. \[Offline since \d{4}-[^]]*\]\n    It was not connected",
            done.stdout,
        )
        assert "# of minions not connected: 1\n" in done.stdout
        assert (done.stderr, done.returncode) == (FAILED, 1)
    finally:
        fleet.start_minion("db-1")
        fleet.wait_up("db-1")


def test_minion_that_dies_before_it_answers_is_reported(fleet: Fleet) -> None:
    minion = fleet.minions["db-1"]
    minion.send_signal(signal.SIGSTOP)
    try:
        with Watched(fleet, "shoal", "*", "test.ping", "-t", "3") as job:
            job.until_out("web-2:")
            minion.send_signal(signal.SIGKILL)
            assert job.end() == 1
            assert re.search(
                r"db-1:\n    Minion did not return. \[Offline since [^]]*\]\n    It lost its connection",
                job.out,
            )
    finally:
        minion.stop(signal.SIGKILL)
        fleet.start_minion("db-1")
        fleet.wait_up("db-1")


# -------------------------------------------------------------------- looks

PINGS = {
    "highstate": "db-1:\n    True\nweb-1:\n    True\nweb-2:\n    True\n",
    "json": '{\n    "db-1": true,\n    "web-1": true,\n    "web-2": true\n}\n',
    "yaml": "db-1: true\nweb-1: true\nweb-2: true\n",
    "txt": "db-1: True\nweb-1: True\nweb-2: True\n",
    "raw": "{'db-1': True, 'web-1': True, 'web-2': True}\n",
    "pprint": "{'db-1': True, 'web-1': True, 'web-2': True}\n",
    "newline_values_only": "True\nTrue\nTrue\n",
    "nested": "db-1:\n    True\nweb-1:\n    True\nweb-2:\n    True\n",
    "key": "db-1:\n    True\nweb-1:\n    True\nweb-2:\n    True\n",
    "no_return": "db-1:\n    True\nweb-1:\n    True\nweb-2:\n    True\n",
    "table": "db-1:\n----------\n    True\nweb-1:\n----------\n    True\nweb-2:\n----------\n    True\n",
    "quiet": "",
}


@pytest.mark.parametrize("out", names())
def test_every_look(fleet: Fleet, out: str) -> None:
    done = fleet.shoal("*", "test.ping", f"--out={out}", "--static")
    assert (done.stdout, done.returncode) == (PINGS[out], 0)


@pytest.mark.parametrize("out", ["json", "yaml", "raw", "txt"])
def test_looks_for_machines_hold_only_results(fleet: Fleet, out: str) -> None:
    done = fleet.shoal("*", "test.ping", f"--out={out}", "--static", "-v", "--summary")
    assert done.stdout == PINGS[out]
    assert "Executing job with jid" in done.stderr
    assert "# of minions targeted: 3" in done.stderr


def test_unknown_look_sends_nothing(fleet: Fleet) -> None:
    before = fleet.runner("jobs.list_jobs")
    done = fleet.shoal("*", "test.ping", "--out=jsn")
    assert (done.stderr, done.returncode) == (
        "shoal: --out: unknown outputter 'jsn'. Did you mean 'json'?\n",
        64,
    )
    assert fleet.runner("jobs.list_jobs") == before


def test_nested_values_look_as_in_salt(fleet: Fleet) -> None:
    done = fleet.shoal(
        "web-1", "test.outputter", '{"b": [1, {"c": "x\\ny"}], "a": null, "e": {}, "t": "16:10"}'
    )
    assert done.stdout == (
        "web-1:\n    ----------\n    a:\n        None\n    b:\n        - 1\n        |_\n          ----------\n"
        "          c:\n              x\n              y\n    e:\n        ----------\n    t:\n        16:10\n"
    )


@pytest.mark.parametrize(
    ("indent", "text"), [("-1", '{"a": [1, 2]}'), ("2", '{\n  "a": [\n    1,\n    2\n  ]\n}')]
)
def test_indentation(fleet: Fleet, indent: str, text: str) -> None:
    done = fleet.shoal("web-1", "test.outputter", '{"a": [1, 2]}', "--out=json", f"--out-indent={indent}")
    whole = json.dumps({"web-1": {"a": [1, 2]}}, indent=int(indent) if indent != "-1" else None)
    assert done.stdout == whole + "\n"
    assert json.loads(text) == json.loads(done.stdout)["web-1"]


def test_results_go_to_a_file(fleet: Fleet, tmp_path: Path) -> None:
    file = tmp_path / "out.yaml"
    for _ in range(2):
        done = fleet.shoal("web-*", "test.ping", "--out=yaml", f"--out-file={file}", "--out-file-append")
        assert (done.stdout, done.returncode) == ("", 0)
    assert yaml.safe_load_all(file.read_text())
    assert sorted(file.read_text().splitlines()) == [
        "web-1: true",
        "web-1: true",
        "web-2: true",
        "web-2: true",
    ]
    fleet.shoal("db-1", "test.ping", "--out=yaml", f"--out-file={file}")
    assert file.read_text() == "db-1: true\n"


def test_colours_are_for_terminals(fleet: Fleet) -> None:
    assert "\x1b" not in fleet.shoal("web-1", "test.ping").stdout
    assert "\x1b[0;36mweb-1" in fleet.shoal("web-1", "test.ping", "--force-color").stdout
    with Watched(fleet, "shoal", "web-1", "test.ping", terminal=True) as job:
        assert job.end() == 0
        assert "\x1b[0;36mweb-1" in job.out
    with Watched(fleet, "shoal", "web-1", "test.ping", "--no-color", terminal=True) as job:
        assert job.end() == 0
        assert job.out == "web-1:\r\n    True\r\n"


def test_job_id_is_shown_when_asked_for(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "test.ping", "--show-jid")
    found = re.fullmatch(r"jid: (\d{20})\nweb-1:\n    True\n", done.stdout)
    assert found, done.stdout
    assert fleet.runner("jobs.lookup_jid", found[1]) == {"web-1": True}


def test_metadata_finds_the_job_again(fleet: Fleet) -> None:
    assert answers(fleet, "web-1", "test.ping", "--metadata", '{"ticket": "T-7"}') == {"web-1": True}
    found = fleet.runner("jobs.list_jobs", 'search_metadata={"ticket": "T-7"}')
    assert [job["Metadata"] for job in found.values()] == [{"ticket": "T-7"}]
