"""The executor with the modules that a box really has."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from minion.executor.spawn import Spawner
from shoal.job import Job
from tests.integration.executor.rig import Rig, alive, make_job

PING = """
from shoal.functions.function import function
from modules.context import Context
@function
def ping(ctx: Context) -> str:
    return "signed"
"""


@pytest.fixture(scope="module")
def one(module_rig: Rig) -> Rig:
    """One executor for all cases here."""
    return module_rig


def _text_job(fun: str, *words: str) -> Job:
    return Job.from_wire(make_job(fun, *words).to_wire() | {"from_text": True})


def test_command_line_words_get_their_types(one: Rig) -> None:
    job = _text_job("test.sleep", "0.01")
    one.client.submit(job)
    assert one.wait(job).value() is True
    bad = _text_job("test.sleep", "soon")
    one.client.submit(bad)
    assert "test.sleep" in one.wait(bad).value()


def test_commands_run(one: Rig) -> None:
    assert one.value("cmd.run", "echo hello; echo there") == "hello\nthere"
    ret = one.run("cmd.run_all", "exit 3")
    assert ret.retcode == 3 and not ret.success
    assert ret.value()["retcode"] == 3


def test_what_a_job_makes_has_the_usual_mode(cold: Rig, tmp_path: Path) -> None:
    """The daemon's own umask is 077: what it writes is nobody's business. A job's is what the box is for."""
    before = os.umask(0o077)
    try:
        one = cold.up()
    finally:
        os.umask(before)
    one.value("cmd.run", f"mkdir {tmp_path}/folder; touch {tmp_path}/file")
    one.value("file.makedirs", f"{tmp_path}/a/b/")
    one.value("file.write", f"{tmp_path}/a/text", "x")
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("folder", "file", "a/b", "a/text")}
    assert modes == {"folder": 0o755, "file": 0o644, "a/b": 0o755, "a/text": 0o644}


def test_timeout_ends_what_a_command_has_started(one: Rig, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    text = f"setsid sh -c 'echo $$ > {mark}; sleep 71' & sleep 72"
    job = one.send("cmd.run", text, timeout_s=0.8)
    one.until(lambda: mark.exists() and mark.read_text().strip())
    assert one.wait(job).outcome == "timed_out"
    one.until(lambda: not alive(int(mark.read_text())), 3)


def test_functions_are_listed_by_a_forked_job(one: Rig) -> None:
    assert "test.ping" in one.value("sys.list_functions", "test")


def test_daemon_is_asked(one: Rig) -> None:
    assert one.value("minion.refresh_grains") is True
    assert one.requests[-1] == ("refresh_grains", {})


def test_altered_file_is_not_run_and_the_daemon_hears_of_it(cold: Rig) -> None:
    (cold.folder / "bad.py").write_text(PING)
    (cold.folder / "test.py").write_text(PING)
    one = cold.up()
    assert one.value("bad.ping") == "signed"
    for path in (cold.folder / "synced").glob("*.py"):
        path.write_text(PING.replace("signed", "altered"))
    for fun in ("bad.ping", "test.ping", "test.echo"):
        ret = one.run(fun)
        assert ret.outcome == "failed"
        assert "it is not what the master has signed" in ret.value()
    assert {(action, data["text"].split(".")[0]) for action, data in one.requests} == {
        ("altered", f"{cold.folder}/synced/bad"), ("altered", f"{cold.folder}/synced/test")
    }  # fmt: skip
    assert one.value("cmd.run", "echo all else works") == "all else works"


def test_surprises_are_in_the_boxs_log_with_all_lines(cold: Rig, tmp_path: Path) -> None:
    file = tmp_path / "log"
    spawner = Spawner(replace(cold.settings, log_file=str(file), log_format="json"), cold.socket_path)
    cold.connect(spawner)
    ret = cold.run("fail", "value")
    assert "Traceback" not in ret.value()
    text = file.read_text()
    assert "probe.fail caused an exception" in text and "Traceback" in text and ret.jid in text
