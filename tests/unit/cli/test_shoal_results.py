"""What `shoal` prints and exits with, for everything a master may answer to a job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import (
    JID,
    NO_MATCH,
    FakeMaster,
    done,
    error,
    failed,
    job,
    returned,
    silent,
)

TWO = (job("a", "b"), returned("b"), returned("a"), done(returned=2))
BAD = "ERROR: Minions returned with non-zero exit code\n"
SILENT = "Minion did not return."
STATES = {"cmd_|-a_|-b_|-run": {"result": False, "comment": "no", "changes": {}, "__run_num__": 0}}
TERSE = """\
a:
  Name: {} - Function: cmd.run - Result: Failed

Summary for a
------------
Succeeded: 0
Failed:    1
------------
Total states run:     1
Total run time:   0.000 ms
"""

CASES: dict[str, tuple[list[str], tuple[Any, ...], str, str, int]] = {
    "all well, in the order of arrival": (["test.ping"], TWO, "b:\n    True\na:\n    True\n", "", 0),
    "static is sorted": (["-s", "test.ping"], TWO, "a:\n    True\nb:\n    True\n", "", 0),
    "options may follow": (["test.ping", "--static"], TWO, "a:\n    True\nb:\n    True\n", "", 0),
    "a failure": (
        ["cmd.run", "false"],
        (job("a"), failed("a", "no", retcode=3), done()),
        "a:\n    no\n", BAD, 1,
    ),
    "silence is explained": (
        ["test.ping"],
        (job("a", "b"), silent("a", "offline", "last seen 3 days ago", "Offline since 3"), silent("b"), done(silent=2)),
        f"a:\n    {SILENT} [Offline since 3]\n    last seen 3 days ago\nb:\n    {SILENT} [Sent, not received]\n",
        BAD, 1,
    ),
    "silence of other kinds": (
        ["test.ping"],
        (job("a", "b"), silent("a", "unknown", label="Unknown"), silent("b", "lost", label="Offline since 4"), done()),
        f"a:\n    {SILENT} [Unknown]\nb:\n    {SILENT} [Offline since 4]\n",
        BAD, 1,
    ),
    "silence hidden still counts": (
        ["test.ping", "--hide-timeout"],
        (job("a", "b"), returned("a"), silent("b"), done()),
        "a:\n    True\n", BAD, 1,
    ),
    "nobody matched": (["test.ping"], (error("no_match", NO_MATCH),), NO_MATCH + "\n",
        "ERROR: No return received\n", 2),
    "nobody matched, for a program": (["test.ping", "--out=json"], (error("no_match", NO_MATCH),), "",
        NO_MATCH + "\nERROR: No return received\n", 2),
    "refused": (["test.ping"], (error("denied", "you may not run test.ping"),), "",
        "shoal: you may not run test.ping\n", 77),
    "a bad target": (["test.ping"], (error("target", "missing )"),), "", "shoal: missing )\n", 64),
    "another error": (["test.ping"], (error("store", "disk is full"),), "", "shoal: disk is full\n", 1),
    "async": (["test.ping", "--async"], (job("a"), done()), f"Executed command with job ID: {JID}\n", "", 0),
    "async, only done": (["x.y", "--async"], (done(),), f"Executed command with job ID: {JID}\n", "", 0),
    "verbose": (
        ["test.ping", "-v"],
        (job("a"), returned("a"), done()),
        f"Executing job with jid {JID}\n{'-' * 43}\n\na:\n    True\n", "", 0,
    ),
    "show jid": (["test.ping", "--show-jid"], (job("a"), returned("a"), done()),
        f"jid: {JID}\na:\n    True\n", "", 0),
    "json is one document": (
        ["test.ping", "--out=json", "--out-indent=-1"], TWO, '{"a": true, "b": true}\n', "", 0,
    ),
    "json keeps about-lines off stdout": (
        ["test.ping", "--out=json", "--out-indent=-1", "--show-jid"],
        (job("a"), returned("a"), done()), '{"a": true}\n', f"jid: {JID}\n", 0,
    ),
    "json of a silent minion": (
        ["test.ping", "--out=json", "--out-indent=-1"],
        (job("a"), silent("a", "sent", "explained"), done()),
        '{"a": "Minion did not return. [Sent, not received]"}\n', BAD, 1,
    ),
    "txt": (["cmd.run", "--out", "txt"], (job("a"), returned("a", "1\n2"), done()), "a: 1\na: 2\n", "", 0),
    "quiet": (["test.ping", "--out=quiet"], TWO, "", "", 0),
    "the function's own look": (
        ["x.y"], (job("a"), returned("a", {"b": 1}, out="raw"), done()), "{'a': {'b': 1}}\n", "", 0,
    ),
    "the operator's look wins": (
        ["x.y", "--out=txt"], (job("a"), returned("a", "b", out="raw"), done()), "a: b\n", "", 0,
    ),
    "a look that does not exist here": (
        ["x.y"], (job("a"), returned("a", "b", out="hologram"), done()), "a:\n    b\n", "", 0,
    ),
    "an error text ignores the function's look": (
        ["x.y"], (job("a"), failed("a", "killed", outcome="killed", out="raw"), done()),
        "a:\n    killed\n", BAD, 1,
    ),
    "a state that failed": (
        ["state.apply", "--state-output=terse"],
        (job("a"), failed("a", STATES, retcode=2, out="highstate"), done()),
        TERSE.format("b"), BAD, 1,
    ),
    "states by id, in Salt's other spelling": (
        ["state.apply", "--state_output", "TERSE_ID", "--state_verbose=false"],
        (job("a"), failed("a", STATES, retcode=2, out="highstate"), done()),
        TERSE.format("a"), BAD, 1,
    ),
    "states for a program": (
        ["state.apply", "--state-output=terse", "--out=json", "--out-indent=-1"],
        (job("a"), returned("a", {}, out="highstate"), done()), '{"a": {}}\n', "", 0,
    ),
    "a silent minion among states": (
        ["state.apply", "--out=highstate"],
        (job("a"), silent("a"), done()),
        f"a:\n    {SILENT} [Sent, not received]\n", BAD, 1,
    ),
    "given up too early": (
        ["test.ping"], (job("a", "b"), silent("a"), returned("b"), returned("a"), done(returned=2)),
        f"a:\n    {SILENT} [Sent, not received]\nb:\n    True\na:\n    True\n", "", 0,
    ),
    "given up too early, static": (
        ["test.ping", "-s"], (job("a", "b"), silent("a"), returned("b"), returned("a"), done(returned=2)),
        "a:\n    True\nb:\n    True\n", "", 0,
    ),
    "failhard": (
        ["test.ping", "-b", "1", "--failhard"],
        (job("a", "b", "c"), failed("a", "x"), done(skipped=["b", "c"])),
        "a:\n    x\n", "shoal: stopped by --failhard; not run on: b, c\n" + BAD, 1,
    ),
    "trimmed output": (["cmd.run", "x"], (job("a"), returned("a", "y", trimmed=12), done()),
        "a:\n    y\n", "shoal: a: 12 bytes of its output were left out\n", 0),
    "events of a newer master": (["test.ping"], (job("a"), {"event": "new", "x": 1}, returned("a"), done()),
        "a:\n    True\n", "", 0),
    "colour when forced": (["test.ping", "--force-color", "--out=nested"],
        (job("a"), returned("a"), done()), "\x1b[0;36ma\x1b[0;0m:\n    \x1b[0;1;33mTrue\x1b[0;0m\n", "", 0),
}  # fmt: skip


@pytest.mark.parametrize(("words", "answers", "out", "err", "code"), CASES.values(), ids=CASES.keys())
def test_what_is_printed(
    cli: Cli, master: FakeMaster, words: list[str], answers: tuple[Any, ...], out: str, err: str, code: int
) -> None:
    master.says(*answers)
    assert cli("shoal", "*", *words) == (code, out, err)


def test_summary_counts_and_names(cli: Cli, master: FakeMaster) -> None:
    master.says(
        job("a", "b", "c", "d"),
        returned("a"),
        failed("b", "no"),
        silent("c", "offline"),
        silent("d"),
        done(),
    )
    ran = cli("shoal", "*", "test.ping", "--summary", "-v", "--hide-timeout")
    rule = "-" * 43
    assert ran.code == 1
    assert ran.out.endswith(
        f"\n{rule}\nSummary\n{rule}\n# of minions targeted: 4\n# of minions returned: 2\n"
        "# of minions that did not return: 2\n# of minions with errors: 1\n# of minions not connected: 1\n"
        f"# of minions sent, not received: 1\n"
        f"Minions not connected: c\nMinions not responding: d\nMinions with failures: b\n{rule}\n"
    )


def test_sys_doc_is_merged(cli: Cli, master: FakeMaster) -> None:
    master.says(
        job("a", "b", "c"),
        returned("a", {"test.ping": "Say yes.", "test.arg": ""}),
        returned("b", {"test.ping": "Say yes!", "cmd.run": "Run.\n\x1b[31m"}),
        failed("c", "no such module"),
        done(),
    )
    ran = cli("shoal", "-d")
    assert ran == (
        1, "cmd.run:\n\n    Run.\n    \\x1b[31m\n\ntest.ping:\n\n    Say yes.\n\nc: no such module\n", BAD
    )  # fmt: skip
    assert (master.requests[0]["target"]["expr"], master.requests[0]["fun"]) == ("*", "sys.doc")


def test_documentation_nobody_has_is_told_once(cli: Cli, master: FakeMaster) -> None:
    minions = [f"m{number}" for number in range(7)]
    master.says(job(*minions), *(failed(minion, "'a.b' is not available.") for minion in minions), done())
    ran = cli("shoal", "*", "sys.doc", "a.b")
    assert ran == (1, "m0, m1, m2, m3, m4 and 2 more: 'a.b' is not available.\n", BAD)


def test_sys_doc_for_a_program(cli: Cli, master: FakeMaster) -> None:
    master.says(job("a"), returned("a", {"test.ping": "Say yes."}), done())
    ran = cli("shoal", "*", "sys.doc", "test", "--out=json")
    assert json.loads(ran.out) == {"test.ping": "Say yes."}


@pytest.mark.parametrize(("words", "expected"), [([], "old\n"), (["--out-file-append"], "old\n")])
def test_results_go_to_a_file(
    cli: Cli, master: FakeMaster, tmp_path: Path, words: list[str], expected: str
) -> None:
    target = tmp_path / "results"
    target.write_text("old\n")
    master.says(*TWO)
    assert cli("shoal", "*", "test.ping", "--out-file", str(target), *words) == (0, "", "")
    kept = "old\n" if words else ""
    assert target.read_text() == kept + "b:\n    True\na:\n    True\n"


def test_file_that_cannot_be_written(cli: Cli, master: FakeMaster, tmp_path: Path) -> None:
    ran = cli("shoal", "*", "test.ping", "--out-file", str(tmp_path))
    assert ran == (64, "", f"shoal: --out-file {tmp_path} cannot be written: Is a directory\n")
    assert master.requests == []


def test_preview_lists_and_runs_nothing(cli: Cli, master: FakeMaster) -> None:
    master.says({"done": {"ids": ["b", "a"]}})
    assert cli("shoal", "-G", "os:Debian", "--preview-target") == (0, "- a\n- b\n", "")
    assert master.requests == [
        {"op": "preview", "target": {"kind": "grain", "expr": "os:Debian", "delimiter": ":"}}
    ]


def test_preview_of_nobody(cli: Cli, master: FakeMaster) -> None:
    master.says({"done": {"ids": []}})
    assert cli("shoal", "x", "--preview-target") == (2, "", "No minions matched the target.\n")
