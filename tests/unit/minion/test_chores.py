"""The box's regular work: due now and again, one of a kind at a time, its returns kept from the master."""

from __future__ import annotations

from random import Random

from minion.chores import Chores, is_chore
from minion.loop import Loop
from shoal.clock import FakeClock
from shoal.job import Job
from shoal.returns import Return, failure
from shoal.wire import encode

HOUR = 3600.0


class House:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.jobs: list[Job] = []
        self.possible = True
        self.chores = Chores(self.loop, Random(1), self.jobs.append)

    def start(self) -> None:
        self.chores.every(HOUR, "mine.update", lambda: self.possible)

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)
            self.loop.run_once(0)

    def finish(self, outcome: str = "done") -> None:
        job = self.jobs[-1]
        ret = Return(
            jid=job.jid, fun=job.fun, outcome=outcome, retcode=int(outcome != "done"),
            packed=encode("why"), started=1.0, duration_s=0.1,
        )  # fmt: skip
        self.chores.returned(ret)


def test_chore_is_done_soon_and_then_every_interval() -> None:
    house = House()
    house.start()
    for done in (1, 2, 3):
        house.pass_time(11 if done == 1 else HOUR * 1.1 + 1)
        assert len(house.jobs) == done
        house.finish()
    job = house.jobs[0]
    assert (job.fun, job.user) == ("mine.update", "shoal-minion")
    assert Job.from_wire(job.to_wire()) == job
    assert len({each.jid for each in house.jobs}) == 3


def test_chore_that_still_runs_is_left_out() -> None:
    house = House()
    house.start()
    house.pass_time(2 * HOUR * 1.1 + 20)
    assert len(house.jobs) == 1
    house.chores.lost(house.jobs[0].jid)
    house.pass_time(HOUR * 1.1)
    assert len(house.jobs) == 2


def test_chore_waits_until_it_is_possible() -> None:
    house = House()
    house.possible = False
    house.start()
    house.pass_time(HOUR)
    assert house.jobs == []
    house.possible = True
    house.pass_time(31)
    assert len(house.jobs) == 1


def test_failure_is_in_the_log(caplog: object) -> None:
    house = House()
    house.start()
    house.pass_time(11)
    house.finish("failed")
    assert "mine.update: failed: why" in caplog.text  # type: ignore[attr-defined]


def test_ids_are_told_from_a_masters() -> None:
    house = House()
    house.chores.once("mine.update")
    assert is_chore(house.jobs[0].jid)
    assert not is_chore(failure("20261121000000000001", "test.ping", "failed", "", started=1.0).jid)
