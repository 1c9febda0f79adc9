"""What comes back from a job, whatever its function does."""

from __future__ import annotations

import time
from typing import Any

import pytest

from minion.executor.settings import ExecutorSettings
from shoal.wire import encode
from tests.integration.executor.rig import Rig


@pytest.fixture(scope="module")
def one(module_rig: Rig) -> Rig:
    """One executor for all cases here: none of them may harm it."""
    return module_rig


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", "hello"),
        ("umlaut", "grüß"),
        ("surrogate", "a\\udcffb"),
        ("none", None),
        ("true", True),
        ("int", 42),
        ("huge", str(2**70)),
        ("float", 1.5),
        ("nan", "nan"),
        ("bytes", "abc"),
        ("bad bytes", "\\xff\\xfe"),
        ("tuple", [1, 2]),
        ("set", [7]),
        ("nested", {"a": [1, {"b": [2, 3]}], "5": "five"}),
        ("object", "an odd one"),
        ("date", "2026-01-02"),
    ],
)
def test_every_type_of_result_comes_back_as_plain_data(one: Rig, name: str, expected: Any) -> None:
    assert one.value("value", name) == expected


FAILURES = [
    ("shoal", "failed", 1, "disk is on fire: call someone"),
    (
        "type",
        "failed",
        1,
        "caused an exception: TypeError: object of type 'int' has no len() (synced/probe.",
    ),
    (
        "value",
        "failed",
        1,
        "The minion function caused an exception: ValueError: bad thing (synced/probe.",
    ),
    ("empty", "failed", 1, "exception: KeyError (synced/probe."),
    ("rude", "failed", 1, "RuntimeError: <unprintable RuntimeError: ValueError>"),
    ("unprintable result", "failed", 1, "ValueError: no text"),
    ("exit", "failed", 3, "called sys.exit with 3"),
    ("exit text", "failed", 1, "called sys.exit with good bye"),
    ("_exit", "failed", 1, "ended its process with exit status 0 instead of returning"),
    ("interrupt", "failed", 1, "KeyboardInterrupt"),
    ("segv", "killed", 1, "killed by SIGSEGV"),
    ("abort", "killed", 1, "killed by SIGABRT"),
    ("kill", "killed", 1, "killed by SIGKILL from outside"),
    ("close", "failed", 1, "closed the descriptor its result was to go through"),
    ("close and reuse", "failed", 1, "closed the descriptor its result was to go through"),
]


@pytest.mark.parametrize(("how", "outcome", "retcode", "text"), FAILURES, ids=[case[0] for case in FAILURES])
def test_every_bad_end_is_a_clear_return(one: Rig, how: str, outcome: str, retcode: int, text: str) -> None:
    ret = one.run("fail", how)
    assert (ret.outcome, ret.retcode) == (outcome, retcode)
    assert text in ret.value()
    assert "\n" not in ret.value()
    assert not ret.success


def test_missing_function_is_explained(one: Rig) -> None:
    ret = one.run("fali", "x")
    assert ret.outcome == "failed"
    assert "'probe.fali' is not available" in ret.value()
    assert "'nosuch.thing' is not available" in one.run("nosuch.thing").value()


def test_wrong_arguments_show_the_usage(one: Rig) -> None:
    ret = one.run("value", "text", "surplus")
    assert ret.outcome == "failed"
    assert "probe.value(name: str)" in ret.value()


def test_result_sets_return_code_outputter_and_trimmed(one: Rig) -> None:
    ret = one.run("coded", 7)
    assert (ret.outcome, ret.retcode, ret.out, ret.trimmed) == ("done", 7, "highstate", 3)
    assert not ret.success
    assert ret.value() == {"said": "no"}


def test_arguments_arrive_and_the_outputter_is_the_functions_own(one: Rig) -> None:
    ret = one.run("arguments", "w", 2, "rest", key=["x"])
    assert ret.value() == ["w", 2, ["rest"], {"key": ["x"]}]
    assert ret.out == "yaml"


def test_started_and_duration_are_told(one: Rig) -> None:
    before = time.time()
    ret = one.run("sleep", 0.2)
    assert before - 0.01 <= ret.started <= time.time()
    assert 0.2 <= ret.duration_s < 5


def test_function_that_forks_itself_answers_once(one: Rig) -> None:
    assert one.value("fail", "forked twice") == "both of me"
    one.turn(0.1)  # `Rig.take` refuses a second answer


@pytest.mark.parametrize("how", ["deep", "circle"])
def test_too_deep_results_become_text_at_the_bottom(one: Rig, how: str) -> None:
    assert isinstance(one.value("fail", how), list)


def test_context_has_what_the_daemon_said(one: Rig) -> None:
    one.client.use_pillar(encode({"secret": 1}))
    one.client.set_facts({"os": "Debian"}, {"site": "east"}, {"nodegroups": {}})
    job = one.send("surroundings")
    assert one.wait(job).value() == {
        "minion_id": "box1",
        "grains": {"os": "Debian"},
        "tags": {"site": "east"},
        "settings": {"nodegroups": {}},
        "pillar": {"secret": 1},
        "jid": job.jid,
        "user": "root",
    }


def test_a_job_can_ask_the_daemon(one: Rig) -> None:
    assert one.value("ask", "refresh_grains")
    assert one.requests[-1] == ("refresh_grains", {"why": "because", "count": [1, 2]})


def test_long_text_is_trimmed_with_a_note(one: Rig) -> None:
    ret = one.run("big", 3_000_000)
    assert ret.outcome == "done"
    assert len(ret.packed) <= ExecutorSettings(minion_id="x").output_max_bytes
    assert ret.trimmed >= 1_900_000
    text = ret.value()
    assert text.startswith("head") and text.endswith("tail") and "bytes trimmed here" in text


def test_long_text_in_a_structure_is_trimmed_and_the_rest_kept(one: Rig) -> None:
    ret = one.run("big", 3_000_000, shape="dict")
    value = ret.value()
    assert (value["retcode"], value["stderr"], value["pid"]) == (0, "short", 1)
    assert "bytes trimmed here" in value["stdout"]


def test_large_result_without_texts_is_replaced(one: Rig) -> None:
    ret = one.run("big", 1_000_000, shape="list")
    assert ret.trimmed > 1_000_000
    assert "more than the 1048576 this minion returns" in ret.value()


def test_result_just_under_the_limit_is_whole(one: Rig) -> None:
    ret = one.run("big", 1_000_000)
    assert ret.trimmed == 0
    assert len(ret.value()) == 1_000_008


def test_inline_function_runs_in_the_executor(one: Rig) -> None:
    ret = one.run("test.ping")
    assert ret.value() is True
    assert ret.duration_s < 0.5


def test_module_is_read_again_after_a_sync(one: Rig) -> None:
    folder = one.folder
    fresh = folder / "fresh.py"
    text = "from shoal.functions.function import function\n@function\ndef f(ctx) -> int:\n    return {}\n"
    fresh.write_text(text.format(1))
    one.sync()
    assert one.value("fresh.f") == 1
    fresh.write_text(text.format(2))
    one.sync()
    assert one.value("fresh.f") == 2
