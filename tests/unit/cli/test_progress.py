"""The status line: what it says, when it shows, and that it is gone before results."""

from __future__ import annotations

import io

import pytest

from master.cli.progress import Progress
from shoal.clock import FakeClock

CLEAR = "\r\x1b[K"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def started(clock: FakeClock, *, enabled: bool = True, minions: int = 3) -> tuple[Progress, io.StringIO]:
    stream = io.StringIO()
    progress = Progress(stream, clock, enabled=enabled)
    progress.expect([f"m{number}" for number in range(minions)])
    return progress, stream


def test_short_job_shows_nothing(clock: FakeClock) -> None:
    progress, stream = started(clock)
    clock.advance(1.9)
    progress.draw()
    progress.clear()
    assert stream.getvalue() == ""


def test_line_is_drawn_redrawn_and_cleared(clock: FakeClock) -> None:
    progress, stream = started(clock)
    clock.advance(2.1)
    progress.draw()
    progress.settled("m1")
    progress.clear()
    progress.clear()
    progress.draw()  # too soon
    clock.advance(0.2)
    progress.draw()
    assert stream.getvalue() == (
        f"{CLEAR}0/3 returned, waiting for: m0, m1, m2{CLEAR}{CLEAR}1/3 returned, waiting for: m0, m2"
    )


def test_nothing_to_wait_for_shows_nothing(clock: FakeClock) -> None:
    progress, stream = started(clock, minions=1)
    clock.advance(5)
    progress.settled("m0")
    progress.draw()
    assert stream.getvalue() == ""


def test_no_terminal_shows_nothing(clock: FakeClock) -> None:
    progress, stream = started(clock, enabled=False)
    clock.advance(5)
    progress.draw()
    assert (stream.getvalue(), progress.tick_s) == ("", 0.0)


def test_master_says_who_is_at_work_in_a_batch(clock: FakeClock) -> None:
    progress, _ = started(clock, minions=40)
    for number in range(12):
        progress.settled(f"m{number}")
    progress.note({"waiting": ["m11", "m12", "m13", "m14"], "running": 3, "returned": 12, "total": 40})
    assert progress.text() == "12/40 returned, 3 running, waiting for: m12, m13, m14 …"


def test_long_line_is_cut_at_the_terminal(clock: FakeClock) -> None:
    progress, stream = started(clock, minions=200)
    clock.advance(5)
    progress.draw()
    assert len(stream.getvalue()) == len(CLEAR) + 79
    assert progress.text().endswith("m18, m19 …")
