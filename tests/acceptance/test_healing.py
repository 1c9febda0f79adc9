"""What breaks heals by itself: masters and minions that restart or die, wires that lie, masters that move.

Masters ask for a heartbeat each second or so, that everything is noticed soon.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import psutil
import pytest

from tests.acceptance.at_work import Watched, newest_job, running, wait_gone
from tests.fleet import BIN, Fleet, Process, executors_under, short_folder, until
from tests.proxy import Proxy

BOX: Final = "box-1"
HEALED_S: Final = 40.0  # the machine may be busy; it takes a few seconds


@pytest.fixture(scope="module")
def lasting_fleet() -> Iterator[Fleet]:
    """A master and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=3)  # a job's daemon may be away for three of them
        fleet.join(BOX)
        yield fleet


@pytest.fixture
def small_fleet(lasting_fleet: Fleet) -> Fleet:
    """The same, whatever the test before has left."""
    fleet = lasting_fleet
    if fleet.master is None or not fleet.master.alive:
        fleet.start_master()
    if not fleet.minions[BOX].alive:
        fleet.start_minion(BOX)
    wait_answer(fleet)
    return fleet


# ----------------------------------------------------------------- restarts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_master_restarts_and_its_minion_is_back(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    box = fleet.minions[BOX]
    stop(fleet.master, number)
    fleet.start_master()
    wait_answer(fleet)
    assert box.alive
    assert "copied" not in " ".join(fleet.counters())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_job_that_ends_while_the_master_is_away_is_stored(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    go, ended = signs(fleet)
    jid = send(fleet, "cmd.run", work(go, ended))
    stop(fleet.master, number)
    go.touch()
    until("the job to have ended", ended.exists)
    fleet.start_master()
    assert stored(fleet, jid) == {BOX: "done"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_minion_restarts_and_is_back(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    executor = sole_executor(fleet)
    stop(fleet.minions[BOX], number)
    fleet.start_minion(BOX)
    wait_answer(fleet)
    now = sole_executor(fleet)
    assert number == signal.SIGTERM or now == executor, "what a dead daemon has left is used again"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_job_outlives_its_daemon_and_comes_home(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    executor = sole_executor(fleet)
    go, ended = signs(fleet)
    with Watched(fleet, "shoal", BOX, "cmd.run", work(go, ended)) as job:
        jid = running(fleet, "cmd.run", BOX)
        stop(fleet.minions[BOX], number)
        go.touch()
        until("the job to have ended without a daemon", ended.exists)
        fleet.start_minion(BOX)
        assert stored(fleet, jid) == {BOX: "done"}
        assert job.end() == 0
        assert job.out == f"{BOX}:\n    done\n"
    assert sole_executor(fleet) == executor
    wait_answer(fleet)


def test_job_of_a_dead_executor_has_an_unknown_outcome(small_fleet: Fleet) -> None:
    fleet = small_fleet
    executor = sole_executor(fleet)
    with Watched(fleet, "shoal", BOX, "cmd.run", "sleep 20; echo done") as job:
        running(fleet, "cmd.run", BOX)
        os.kill(executor, signal.SIGKILL)
        assert job.end() != 0
        assert "whether and how far it ran is not known" in job.out
    detail = fleet.runner("jobs.print_job", newest_job(fleet, "cmd.run"))
    assert "outcome_unknown" in str(detail)
    wait_answer(fleet)
    assert sole_executor(fleet) != executor
    assert fleet.shoal(BOX, "cmd.run", "echo again").stdout == f"{BOX}:\n    again\n"


# ---------------------------------------------------- masters that move away


def test_master_is_found_at_its_second_address(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    places = ["127.0.0.1", "127.0.0.2"]
    fleet.start_master(heartbeat_s=1, advertise=places, interface=places[0])
    fleet.join(BOX)
    for place in (places[1], places[0]):
        stop(fleet.master)
        fleet.start_master(heartbeat_s=1, advertise=places, interface=place)
        wait_answer(fleet)
        assert {place} == places_of(fleet.minions[BOX].pid, fleet.publish_port, fleet.request_port)


@pytest.mark.lab
def test_master_is_found_when_its_name_means_another_address(empty_fleet: Fleet) -> None:
    """The minion has a hosts file of its own, in a mount namespace."""
    fleet = empty_fleet
    name, hosts = "master.shoal-test.invalid", fleet.folder / "hosts"
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.1 {name}\n")
    program = fleet.folder / "with-hosts"
    mount = f'mount --bind {hosts} /etc/hosts && exec {BIN / "shoal-minion"} "$@"'
    program.write_text(f"#!/bin/sh\nexec unshare --mount sh -c '{mount}' minion \"$@\"\n")
    program.chmod(0o755)
    fleet.start_master(heartbeat_s=1, advertise=[name])
    fleet.configure_minion(BOX)
    fleet.join_string(BOX, fleet.token())
    fleet.minions[BOX] = Process(fleet.minion_root(BOX), str(program), log=fleet.folder / f"{BOX}.log")
    fleet.wait_up(BOX)
    stop(fleet.master)
    hosts.write_text(f"127.0.0.1 localhost\n127.0.0.3 {name}\n")
    fleet.start_master(heartbeat_s=1, advertise=[name], interface="127.0.0.3")
    wait_answer(fleet)
    assert places_of(fleet.minions[BOX].pid, fleet.publish_port, fleet.request_port) == {"127.0.0.3"}


# ---------------------------------------------------------- wires that lie


def test_half_open_connections_are_replaced(empty_fleet: Fleet) -> None:
    """As behind a NAT that was restarted: both ends believe in connections that nothing gets through."""
    fleet = empty_fleet
    with wired(fleet) as wire:
        before = wire.open()
        assert {each.port for each in before} == {fleet.publish_port, fleet.request_port}
        wire.forget()
        refused = fleet.shoal(BOX, "test.ping", "-t", "1", timeout_s=20)
        assert (refused.returncode, "[Sent, not received]" in refused.stdout) == (1, True), refused
        wait_answer(fleet)
        fresh = [each for each in wire.open() if each not in before]
        assert {each.port for each in fresh} == {fleet.publish_port, fleet.request_port}
        assert not any(each.stalled for each in fresh)


def test_connections_that_are_cut_again_and_again_heal(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    with wired(fleet) as wire:
        for _ in range(5):
            wire.cut()
            until("new connections", wire.open)
        wire.refuse()
        wire.cut()
        wait_gone(fleet, BOX)
        assert_not_connected(fleet)
        wire.forward()
        wait_answer(fleet)


def test_slow_and_narrow_wire_is_good_enough(empty_fleet: Fleet) -> None:
    """Half a second there and back, 16 KiB/s."""
    fleet = empty_fleet
    with wired(fleet) as wire:
        wire.delay_s, wire.bytes_per_s = 0.25, 16 * 1024
        done = fleet.shoal(BOX, "cmd.run", "head -c 65536 /dev/zero | tr '\\0' x", "-t", "30")
        assert done.returncode == 0, done
        assert "x" * 65536 in done.stdout.replace("\n", "").replace(" ", "")


@pytest.mark.lab
def test_result_that_takes_longer_than_the_heartbeats_allow_comes_home(empty_fleet: Fleet) -> None:
    """Sixteen seconds for a MiB with a heartbeat each second: as 17 KiB/s with the default of fifteen."""
    fleet = empty_fleet
    with wired(fleet) as wire:
        wire.delay_s, wire.bytes_per_s = 0.1, 64 * 1024
        said = fleet.shoal(BOX, "cmd.run", "head -c 700000 /dev/urandom | base64 -w0", "--async", check=True)
        assert stored(fleet, said.stdout.split()[-1])


@pytest.mark.lab
def test_wire_that_swallows_everything_for_a_while_heals(empty_fleet: Fleet) -> None:
    """New connections are taken, and then nothing: the worst case, as no end is told of any error."""
    fleet = empty_fleet
    with wired(fleet) as wire:
        wire.stall()
        wait_gone(fleet, BOX)
        assert_not_connected(fleet)
        until("a new connection that leads nowhere", lambda: len(wire.connections) > 2)
        wire.forward()
        wait_answer(fleet, 2 * HEALED_S)


@pytest.mark.lab
def test_dropped_packets_are_noticed_and_heal(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    fleet.start_master(heartbeat_s=1)
    fleet.join(BOX)
    with dropped(fleet.publish_port, fleet.request_port):
        quiet = fleet.shoal(BOX, "test.ping", "-t", "1", timeout_s=20)
        assert (quiet.returncode, "[Sent, not received]" in quiet.stdout) == (1, True), quiet
        wait_gone(fleet, BOX)
        assert_not_connected(fleet)
    wait_answer(fleet, 2 * HEALED_S)


# -------------------------------------------------------------------- tools


@contextmanager
def wired(fleet: Fleet) -> Iterator[Proxy]:
    """Start a master and a minion that reaches it through a proxy only."""
    with Proxy(fleet.publish_port, fleet.request_port) as wire:
        fleet.start_master(heartbeat_s=1, interface=wire.to, advertise=[wire.host])
        fleet.join(BOX)
        try:
            yield wire
        finally:
            fleet.minions[BOX].stop()


@contextmanager
def dropped(*ports: int, percent: int = 100) -> Iterator[None]:
    """Let the kernel drop packets from and to these TCP ports on loopback: all, or a random share."""
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed")
    table = f"inet shoal_test_{os.getpid()}"
    dice = f"numgen random mod 100 < {percent}"
    some = "{ " + ", ".join(map(str, ports)) + " }"
    rules = f"""
        table {table} {{
            chain incoming {{
                type filter hook input priority 0;
                iifname "lo" tcp dport {some} {dice} drop
                iifname "lo" tcp sport {some} {dice} drop
            }}
        }}"""
    made = subprocess.run(["nft", "-f", "-"], input=rules, text=True, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"nft: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", *table.split()], check=True)


def places_of(pid: int, *ports: int) -> set[str]:
    """Return the addresses to which a process has connections at these ports."""
    return {
        each.raddr.ip.removeprefix("::ffff:")
        for each in psutil.Process(pid).net_connections("tcp")
        if each.status == psutil.CONN_ESTABLISHED and each.raddr.port in ports
    }


def assert_not_connected(fleet: Fleet) -> None:
    """Say that `shoal` knows at once that the minion is away."""
    assert BOX not in (fleet.runner("manage.up") or [])
    done = fleet.shoal(BOX, "test.ping", "-t", "5", timeout_s=20)
    assert (done.returncode, "[Offline since" in done.stdout) == (1, True), done


def sole_executor(fleet: Fleet) -> int:
    """Return the executor of the minion, once there is only one."""

    def found() -> int:
        pids = executors_under(fleet.minion_root(BOX))
        return pids[0] if len(pids) == 1 else 0

    return until("a single executor", found)


def signs(fleet: Fleet) -> tuple[Path, Path]:
    """Return the files by which a job is let go on, and says that it is at its end."""
    name = token_hex(4)
    return fleet.folder / f"{name}.go", fleet.folder / f"{name}.ended"


def work(go: Path, ended: Path) -> str:
    """Return a command line that waits for one file and leaves another."""
    return f"until [ -e {go} ]; do sleep 0.05; done; echo done; touch {ended}"


def stop(process: Process | None, number: int = signal.SIGTERM) -> None:
    """End a program of the fleet."""
    assert process is not None
    process.stop(number)


def send(fleet: Fleet, *words: str) -> str:
    """Send a job, wait until it runs and return its id."""
    said = fleet.shoal(BOX, *words, "--async", check=True).stdout
    found = re.search(r"\d{20}", said)
    assert found, said
    jid = running(fleet, words[0], BOX)
    assert jid == found[0]
    return jid


def stored(fleet: Fleet, jid: str) -> Any:
    """Wait until there is a result of a job in the store."""
    return until(f"the result of {jid}", lambda: fleet.runner("jobs.lookup_jid", jid), HEALED_S)


def wait_answer(fleet: Fleet, timeout_s: float = HEALED_S) -> None:
    """Wait until a job reaches the minion and its answer comes back."""
    until("an answer", lambda: fleet.shoal(BOX, "test.ping", "-t", "1").returncode == 0, timeout_s)
