"""`cmd`: commands and scripts, really run. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.unit.modules.namespaces import needs_root
from tests.unit.states.trial import Box, context

SCRIPTS = {
    "s.sh": '#!/bin/sh\necho "$# $1 $2"\n',
    "f.sh": "#!/bin/sh\necho bad >&2\nexit 2\n",
    "st.sh": '#!/bin/sh\necho "changed=no comment=same"\n',
}


@pytest.fixture
def box(tmp_path: Path) -> Box:
    roots = tmp_path / "roots"
    roots.mkdir()
    for name, text in SCRIPTS.items():
        (roots / name).write_text(text)
    return Box(tmp_path, context(roots))


def told(changes: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(changes.get(key) for key in ("retcode", "stdout", "stderr"))


RUNS: list[tuple[str, dict[str, Any], bool, tuple[Any, ...]]] = [
    ("echo hi", {}, True, (0, "hi", "")),
    ("echo out; echo err >&2; exit 3", {}, False, (3, "out", "err")),
    ("exit 3", {"success_retcodes": 3}, True, (0, "", "")),
    ("exit 3", {"success_retcodes": [2, 3]}, True, (0, "", "")),
    ("echo GOOD; exit 3", {"success_stdout": ["GOOD"]}, True, (0, "GOOD", "")),
    ("echo GOOD >&2; exit 3", {"success_stderr": "GOOD"}, True, (0, "", "GOOD")),
    ("echo secret", {"output_loglevel": "quiet"}, True, (0, "secret", "")),
    ("echo secret", {"hide_output": True}, True, (0, "", "")),
    ("echo $A $B", {"env": [{"A": 1}, {"B": "two"}]}, True, (0, "1 two", "")),
    ("echo $PATH", {"prepend_path": "/x/bin", "env": {"PATH": "/bin"}}, True, (0, "/x/bin:/bin", "")),
    ("shell=dash; echo $shell", {}, True, (0, "dash", "")),
    ("umask", {"umask": 27}, True, (0, "0027", "")),
]


@pytest.mark.parametrize(("name", "args", "result", "answer"), RUNS)
def test_command_is_run(
    box: Box, name: str, args: dict[str, Any], result: bool, answer: tuple[Any, ...]
) -> None:
    outcome = box.run("cmd.run", name, **args)
    assert (outcome.result, told(outcome.changes)) == (result, answer)
    assert outcome.comment == f'Command "{name}" run'


def test_trial_runs_nothing(box: Box, tmp_path: Path) -> None:
    outcome = box.run("cmd.run", f"touch {tmp_path}/x", test=True)
    assert outcome.result is None
    assert outcome.comment == f'Command "touch {tmp_path}/x" would have been executed'
    assert outcome.changes


FAILURES: list[tuple[dict[str, Any], str]] = [
    ({"cwd": "/nonexistent"}, 'Desired working directory "/nonexistent" is not available'),
    ({"env": ["A"]}, "Invalidly-formatted 'env' parameter"),
    ({"bg": True}, "bg: nothing outlives the job"),
    ({"timeout": 0.1}, "Timed out after 0.1 seconds"),
    ({"root": "/srv"}, "no parameter is called 'root'"),
    ({"stateful": [{"test_name": "x"}]}, "'stateful' must be true or false"),
]


@pytest.mark.parametrize(("args", "comment"), FAILURES)
def test_what_cannot_be_run_is_told(box: Box, args: dict[str, Any], comment: str) -> None:
    outcome = box.run("cmd.run", "sleep 60", **args)
    assert (outcome.result, outcome.changes) == (False, {})
    assert comment in outcome.comment


@needs_root
def test_user_that_does_not_exist_is_told(box: Box) -> None:
    assert "there is no such user" in box.run("cmd.run", "id", runas="nosuchuser").comment


def test_timeout_may_be_ignored(box: Box) -> None:
    outcome = box.run("cmd.run", "sleep 60", timeout=0.1, ignore_timeout=True)
    assert outcome.result is True
    assert "Timed out after 0.1 seconds" in outcome.changes["stdout"]


def test_stateful_command_says_whether_it_changed_something(box: Box) -> None:
    outcome = box.run("cmd.run", "echo; echo \"changed=no comment='as it was'\"", stateful=True)
    assert (outcome.result, outcome.changes, outcome.comment) == (True, {}, "as it was")
    outcome = box.run("cmd.run", 'echo "changed=yes comment=did more=it"', stateful=True)
    assert (outcome.result, outcome.changes["more"], outcome.comment) == (True, "it", "did")


@pytest.mark.parametrize("fun", ["wait", "watch"])
def test_command_that_waits_runs_for_what_it_watches(box: Box, fun: str) -> None:
    assert box.run(f"cmd.{fun}", "echo hi").changes == {}
    outcome = box.run(f"cmd.{fun}", "echo hi", changed=["file: /x"])
    assert told(outcome.changes) == (0, "hi", "")


def test_script_of_the_master_is_run(box: Box) -> None:
    outcome = box.run("cmd.script", "sc", source="salt://s.sh", args='one "two three"')
    assert (outcome.result, told(outcome.changes)) == (True, (0, "2 one two three", ""))
    assert outcome.comment == "Command 'sc' run"
    assert box.run("cmd.script", "shoal://s.sh a b").changes["stdout"] == "2 a b"
    assert box.run("cmd.script", "sc", source="salt://s.sh", test=True).comment == (
        "Command 'sc' would have been executed"
    )


def test_script_that_fails_is_a_failure(box: Box) -> None:
    outcome = box.run("cmd.script", "sc", source="shoal://f.sh")
    assert (outcome.result, told(outcome.changes)) == (False, (2, "", "bad"))


def test_script_that_is_not_served_is_told_by_a_trial_too(box: Box) -> None:
    for test in (True, False):
        outcome = box.run("cmd.script", "sc", source="salt://none.sh", test=test)
        assert outcome.result is False
        assert outcome.comment == "Unable to cache script salt://none.sh from saltenv 'base'"


def test_script_runs_for_what_it_watches(box: Box) -> None:
    assert box.run("cmd.wait_script", "sc", source="shoal://st.sh").comment == ""
    outcome = box.run("cmd.wait_script", "sc", source="shoal://s.sh", changed=["x"])
    assert outcome.changes["stdout"] == "0"
