"""The kernel tells the minion of a changed address, in a network namespace of its own. Needs root."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

import pytest

pytestmark = pytest.mark.lab

WATCHER: Final = """
import subprocess, sys, time
from minion.address_watch import AddressWatch
from minion.loop import Loop

loop, told = Loop(), []
watch = AddressWatch(loop, lambda: told.append(time.monotonic()))

def turn(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not told:
        loop.run_once(0.1)

def ip(*words):
    subprocess.run(["ip", *words], check=True)

for words in (
    ("link", "set", "lo", "up"),
    ("address", "add", "192.0.2.1/32", "dev", "lo"),
    ("address", "add", "192.0.2.2/32", "dev", "lo"),
    ("address", "del", "192.0.2.1/32", "dev", "lo"),
):
    ip(*words)
turn(20)
print("a burst was told", len(told), "time")
told.clear()
turn(3)
print("quiet was told", len(told), "times")
ip("-6", "address", "add", "2001:db8::1/128", "dev", "lo")
turn(20)
print("IPv6 was told", len(told), "time")
watch.close()
watch.close()
told.clear()
ip("address", "del", "192.0.2.2/32", "dev", "lo")
turn(3)
print("after closing", len(told), "times")
"""


def test_burst_of_address_changes_is_told_once() -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", WATCHER],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "Operation not permitted" in done.stderr:
        pytest.skip(f"unshare: {done.stderr.strip()}")
    assert done.stdout.splitlines() == [
        "a burst was told 1 time",
        "quiet was told 0 times",
        "IPv6 was told 1 time",
        "after closing 0 times",
    ], done.stderr
