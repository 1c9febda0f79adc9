"""`status.*` on the box that runs the tests: shapes and plausible numbers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from modules import status
from modules.context import Context
from shoal.errors import ModuleError

Ask = Callable[[str], Any]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_SAMPLE_S", 0.01)


def test_processor(ask: Ask) -> None:
    found = ask("status.cpustats")
    assert found["count"] == len(found["percent_per_core"]) == psutil.cpu_count()
    assert 0 <= found["percent"] <= 100
    assert found["times"]["user"] >= 0
    assert "processor" in ask("status.cpuinfo")
    assert 1 <= ask("status.nproc") <= psutil.cpu_count()


def test_memory(ask: Ask) -> None:
    found = ask("status.meminfo")
    assert 0 < found["available"] <= found["total"]
    assert found["swap"]["total"] >= 0


def test_disks(ask: Ask) -> None:
    found = ask("status.diskusage /")
    assert list(found) == ["/"]
    assert 0 < found["/"]["available"] <= found["/"]["total"]
    assert ask("status.disk no-such-type") == {}
    assert isinstance(ask("status.diskstats"), dict)


def test_file_system_that_does_not_answer_is_left_out(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    part = SimpleNamespace(mountpoint="/stale", device="server:/x", fstype="nfs")
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: [part])  # noqa: A006  psutil's name

    def refuse(_path: str) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(psutil, "disk_usage", refuse)
    assert ask("status.disk") == {}


def test_network(ask: Ask) -> None:
    found = ask("status.netdev")
    assert found["lo"]["up"] is True
    assert found["lo"]["rx_bytes"] >= 0


def test_load_and_uptime(ask: Ask) -> None:
    assert list(ask("status.load")) == ["1-min", "5-min", "15-min"]
    found = ask("status.uptime")
    assert found["days"] == found["seconds"] // 86400
    assert abs(found["since_t"] + found["seconds"] - time.time()) < 5


def test_processes(ask: Ask) -> None:
    found = ask("status.procs")
    me = found[str(os.getpid())]
    assert "python" in me["cmd"]
    assert me["memory"] > 1_000_000
    assert len(ask("status.processes sort=memory limit=2")) == 2
    by_memory = [row["memory"] for row in ask("status.processes sort=memory").values()]
    assert by_memory[0] >= by_memory[-1]


def test_process_that_may_not_be_looked_at_has_empty_fields() -> None:
    names = ["username", "status", "memory_info", "cpu_times", "cmdline", "name", "create_time"]
    found = status._process({**dict.fromkeys(names), "name": "kthreadd"})
    assert found == {
        "user": "",
        "status": "",
        "memory": 0,
        "cpu_time": 0.0,
        "started": 0,
        "cmd": "[kthreadd]",
    }


def test_pids_of_others_by_command_line(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {
        str(os.getpid()): {"cmd": "shoal x"},
        "7": {"cmd": "shoal y"},
        "8": {"cmd": "z"},
        "9": {"cmd": "a shoal"},
    }
    monkeypatch.setattr(status, "processes", lambda ctx: rows)
    assert ask("status.pid shoal") == "7\n9"


def test_users_and_temperature_have_plain_fields(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    user = SimpleNamespace(name="op", terminal="pts/0", host="10.0.0.9", started=12.7)
    monkeypatch.setattr(psutil, "users", lambda: [user])
    assert (
        ask("status.w")
        == ask("status.users")
        == [{"user": "op", "tty": "pts/0", "from": "10.0.0.9", "login_t": 12}]
    )
    sensor = SimpleNamespace(label="core", current=51.5, critical=None)
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: {"cpu_thermal": [sensor]})
    assert ask("status.temperature") == {
        "cpu_thermal": [{"label": "core", "current": 51.5, "critical": None}]
    }


def test_all_in_one(ask: Ask) -> None:
    expected = {"cpu", "load", "memory", "disk", "network", "temperature", "uptime"}
    assert ask("status.all").keys() == expected
    assert ask("status.all_status").keys() == expected
    assert ask("status.version").startswith("Linux")


def test_kernel_file_that_is_not_there_is_one_line(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any) -> str:
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ModuleError, match="/proc/cpuinfo cannot be read: No such file or directory"):
        status.cpuinfo(ctx)
