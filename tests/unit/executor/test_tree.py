"""Signals to all processes of a job: a shell hears of it before its command does, and so starts no other."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from minion.executor import tree
from tests.fleet import until


def test_parents_are_told_before_their_children(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "sleep 60; :"], start_new_session=True) as shell:
        until("the shell's command", lambda: len(tree.below([shell.pid])) == 2)
        procs = sorted(tree.below([shell.pid]), key=lambda proc: proc.pid != shell.pid)
        told: list[int] = []
        monkeypatch.setattr(os, "kill", lambda pid, _number: told.append(pid))
        tree.send(reversed(procs), signal.SIGTERM)
        monkeypatch.undo()
        assert told == [proc.pid for proc in procs]
        tree.kill(shell.pid)
