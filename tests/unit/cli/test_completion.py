"""What the master's programs offer to a shell."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import PROGRAMS, Cli, Ran
from tests.unit.cli.fake_master import FakeMaster, error


def ask(root: object, capsys: pytest.CaptureFixture[str], program: str, *words: str) -> Ran:
    """Ask as a shell does; the last word is the one that was begun."""
    capsys.readouterr()
    code = PROGRAMS[program](["--complete", "fish", "--root", str(root), *words])
    out, err = capsys.readouterr()
    return Ran(code, "\n".join(line.partition("\t")[0] for line in out.splitlines()), err)


def ids(*minions: str) -> dict[str, object]:
    return {"done": {"ids": list(minions), "missing": [], "hints": []}}


def test_ids_for_a_target(root: object, master: FakeMaster, capsys: pytest.CaptureFixture[str]) -> None:
    master.says(ids("web-1", "web-2"))
    assert ask(root, capsys, "shoal", "we") == (0, "web-1\nweb-2", "")
    assert master.requests == [
        {"op": "preview", "target": {"kind": "glob", "expr": "we*", "delimiter": ":"}}
    ]  # fmt: skip


def test_ids_in_a_list(root: object, master: FakeMaster, capsys: pytest.CaptureFixture[str]) -> None:
    master.says(ids("web-1"))
    assert ask(root, capsys, "shoal", "-L", "db-1,w") == (0, "db-1,web-1", "")


@pytest.mark.parametrize("words", [["-G", "os"], ["w*"], ["-L", "db-1,w?"]])
def test_other_targets_are_not_asked_for(
    root: object, master: FakeMaster, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert ask(root, capsys, "shoal", *words) == (0, "", "")
    assert master.requests == []


def test_nodegroups(root: object, master: FakeMaster, capsys: pytest.CaptureFixture[str]) -> None:
    master.says({"done": {"value": {"webs": "web-*", "arm": "G@cpuarch:armv7l"}, "retcode": 0, "out": ""}})
    assert ask(root, capsys, "shoal", "-N", "w") == (0, "webs", "")
    assert (master.requests[0]["fun"], master.requests[0]["args"]) == ("config.get", ["nodegroups"])


KEYS = {"accepted": ["a-1"], "denied": ["a-2"], "pending": ["a-3"], "rejected": ["a-4"]}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-a", ""], ["a-3"]),
        (["--accept", "a"], ["a-3"]),
        (["--include-rejected", "-a", ""], ["a-3", "a-4"]),
        (["-yr", ""], ["a-3"]),
        (["--include-all", "-r", ""], ["a-1", "a-2", "a-3"]),
        (["-d", ""], ["a-1", "a-2", "a-3", "a-4"]),
        (["-f", ""], ["a-1", "a-2", "a-3", "a-4"]),
        (["-p", "a-4"], ["a-4"]),
        (["-l", "p"], ["pending", "pre"]),
        (["x"], []),
    ],
)
def test_ids_for_a_key(
    root: object,
    master: FakeMaster,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    expected: list[str],
) -> None:
    master.says({"done": {"minions": KEYS}})
    assert ask(root, capsys, "shoal-key", *words) == (0, "\n".join(expected), "")


def test_master_that_refuses_is_not_heard(
    root: object, master: FakeMaster, capsys: pytest.CaptureFixture[str]
) -> None:
    master.says(error("denied", "not yours"))
    assert ask(root, capsys, "shoal", "") == (0, "", "")


def test_nobody_answers(root: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(root, capsys, "shoal-key", "-a", "") == (0, "", "")


def test_functions_and_runners_need_no_master(root: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(root, capsys, "shoal", "*", "test.pi").out == "test.ping"
    assert "jobs." in ask(root, capsys, "shoal-run", "").out.split()
    assert "jobs.lookup_jid" in ask(root, capsys, "shoal-run", "jobs.").out.split()
    assert ask(root, capsys, "shoal-run", "state.").out == "state.event"
    assert ask(root, capsys, "shoal", "*", "--out", "j").out == "json"


def test_script_is_printed(cli: Cli) -> None:
    ran = cli("shoal-key", "--completion", "bash")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.endswith("\ncomplete -F _shoal_key_complete shoal-key\n")
    assert cli("shoal-key", "--completion", "csh").code == 64
