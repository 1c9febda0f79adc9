"""A fleet of real minion code: connecting, pinging, joining, coming back after the master was restarted.

Minions and master share the machine: the wall time has the work of both sides in it.
"""

from __future__ import annotations

import json
import signal
import time
from typing import Final

from tests.benchmarks.bench import BIG, Bench, say
from tests.benchmarks.gauge import Stopwatch, cpu_s, rss_mib
from tests.benchmarks.orders import count_stored, order, stored
from tests.benchmarks.swarm import SwarmFleet

_PING_S: Final = {1000: 0.12, BIG: 1.2}
_BACK_S: Final = {1000: 10.0, BIG: 25.0}


def run(bench: Bench) -> None:
    """Connect, ping, look at what it took."""
    for size in bench.sizes():
        with bench.swarm(size) as fleet:
            _connect(bench, fleet, size)
            _ping(bench, fleet, size)
            _queue(bench, fleet, size)
            _by_program(bench, fleet, size)
            assert fleet.master is not None
            limit = 1024 if _is_big(size) else None
            bench.add(f"master RSS, {size:,} connected", [rss_mib(fleet.master.pid)], "MiB", budget=limit)
            assert fleet.swarm is not None
            each = [rss_mib(pid) * 1024 * len(fleet.swarm.pids) / size for pid in fleet.swarm.pids]
            bench.add("  swarm processes, RSS per minion", each, "KiB")
            _idle(bench, fleet, size)
        bench.show()


def run_join(bench: Bench) -> None:
    """Let strangers join by one token: hello, token, key stored, welcome, facts stored."""
    for size in bench.sizes():
        with bench.swarm(size) as fleet:
            swarm = fleet.up(join=True)
            clock = Stopwatch((_master(fleet),)).start()
            swarm.start()
            fleet.wait_present(300)
            clock.stop()
            bench.add(f"join all {size:,} by token", [clock.wall_s], "s", note=_each(clock, size))
        bench.show()


def run_restart(bench: Bench) -> None:
    """Stop the master hard, start it at once, and wait until a job would reach everybody again."""
    for size in bench.sizes()[1:]:
        with bench.swarm(size) as fleet:
            swarm = fleet.up()
            swarm.start()
            fleet.wait_present()
            samples = []
            for _ in bench.rounds(2 if _is_big(size) else 3):
                samples.append(_restart(fleet))
                say(f"  {size:,} back after {samples[-1]:.1f} s")
            bench.add(
                f"{size:,} back after kill -9 and restart of the master",
                samples,
                "s",
                budget=_BACK_S.get(BIG if _is_big(size) else size),
                note="from the new process's start until a job would reach all",
            )
        bench.show()


def run_killed(bench: Bench) -> None:
    """Kill the master in mid-job, start it at once, and wait until all are back and all returns are stored.

    All returns: of everybody, if the job was kept; else of those whom it had reached.
    """
    size = 100 if bench.quick else 1000
    with bench.swarm(size) as fleet:
        swarm = fleet.up()
        swarm.start()
        fleet.wait_present()
        back: list[float] = []
        early: list[float] = []
        kept: dict[str, list[float]] = {"now": [], "queue": []}
        for mode in list(kept) * len(bench.rounds(5)):
            before = swarm.state().jobs
            jid = order(fleet, mode=mode, **{"async": True})["jid"]
            stored(fleet, jid, 1)
            assert fleet.master is not None
            fleet.master.stop(signal.SIGKILL)
            started = time.perf_counter()
            early.append(float(count_stored(fleet, jid)))
            fleet.start_master()
            fleet.wait_present()
            back.append(time.perf_counter() - started)
            # A `now` job is not kept for those whom it had not reached when the master died.
            wanted = size if mode == "queue" else swarm.state().jobs - before
            kept[mode].append(max(back[-1], stored(fleet, jid, wanted) - started))
            say(f"  {mode}: all back after {back[-1]:.1f} s, all returns stored after {kept[mode][-1]:.1f} s")
        bench.add("returns stored when the master was killed in mid-job", early, "")
        bench.add(f"{size:,} back after the master was killed in mid-job", back, "s", budget=30.0)
        for mode, samples in kept.items():
            note = "from the new process's start until all are back and every return is in the SQLite file"
            bench.add(f"  and all returns of a `{mode}` job stored", samples, "s", budget=30.0, note=note)
    bench.show()


def _restart(fleet: SwarmFleet) -> float:
    assert fleet.master is not None
    fleet.master.stop(signal.SIGKILL)
    started = time.perf_counter()
    fleet.start_master()
    fleet.wait_present()
    return time.perf_counter() - started


def _connect(bench: Bench, fleet: SwarmFleet, size: int) -> None:
    swarm = fleet.up()
    clock = Stopwatch((_master(fleet), *swarm.pids)).start()
    before = cpu_s([_master(fleet)])
    swarm.start()
    swarm.wait_online()
    fleet.wait_present()
    clock.stop()
    master = (cpu_s([_master(fleet)]) - before) / size * 1000
    note = f"two CURVE handshakes and a hello each; CPU for each minion: {clock.cpu_s / size * 1000:.2f} ms, "
    bench.add(f"connect all {size:,}", [clock.wall_s], "s", note=f"{note}of that the master {master:.2f} ms")


def _ping(bench: Bench, fleet: SwarmFleet, size: int) -> None:
    swarm = fleet.swarm
    assert swarm is not None
    answered, on_disk, cost = [], [], []
    order(fleet)
    for _ in bench.rounds(6 if _is_big(size) else 21):
        swarm.wait_acknowledged()
        clock = Stopwatch((_master(fleet),)).start()
        started = time.perf_counter()
        jid = order(fleet)["jid"]
        answered.append(time.perf_counter() - started)
        on_disk.append(max(answered[-1], stored(fleet, jid, size) - started))
        swarm.wait_acknowledged()
        cost.append(clock.stop().cpu_s / size * 1000)
    budget = _PING_S.get(BIG if _is_big(size) else size)
    note = "order given at the control socket → every answer read there and in the SQLite file"
    bench.add(f"ping all {size:,}, all stored", on_disk, "s", budget=budget, note=note)
    bench.add("  until every answer was read", answered, "s")
    bench.add(
        "  master CPU for each",
        cost,
        "ms",
        budget=0.08,
        note="all in: job, returns, acks, the stream",
    )


def _queue(bench: Bench, fleet: SwarmFleet, size: int) -> None:
    swarm = fleet.swarm
    assert swarm is not None
    promised, on_disk = [], []
    for _ in bench.rounds(6):
        swarm.wait_acknowledged()
        started = time.perf_counter()
        jid = str(order(fleet, mode="queue", **{"async": True})["jid"])
        promised.append(time.perf_counter() - started)
        on_disk.append(stored(fleet, jid, size) - started)
    note = "order given → the operator has its id; job and deliveries are in the SQLite file"
    bench.add(f"queue a job for all {size:,}, promised", promised, "s", note=note)
    bench.add("  until every answer is stored", on_disk, "s")


def _by_program(bench: Bench, fleet: SwarmFleet, size: int) -> None:
    whole = []
    for _ in bench.rounds(6):
        started = time.perf_counter()
        done = fleet.shoal("*", "test.ping", "-t", "60", "--static", "--out=json")
        whole.append(time.perf_counter() - started)
        assert len(json.loads(done.stdout)) == size
    bench.add(f"shoal '*' test.ping, {size:,}, whole process", whole, "s")


def _idle(bench: Bench, fleet: SwarmFleet, size: int) -> None:
    pids: tuple[int, ...] = (_master(fleet),)
    clock = Stopwatch(pids).start()
    time.sleep(6 if bench.quick else 16)
    clock.stop()
    share = clock.cpu_s / clock.wall_s * 100
    bench.add(f"  master idle with {size:,}, of a core", [share], "%", note="heartbeats every 12 to 15 s")


def _each(clock: Stopwatch, size: int) -> str:
    return f"master CPU for each: {clock.cpu_s / size * 1000:.2f} ms"


def _master(fleet: SwarmFleet) -> int:
    assert fleet.master is not None
    return fleet.master.pid


def _is_big(size: int) -> bool:
    return size > BIG // 2
