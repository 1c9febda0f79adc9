"""What every benchmark is given: a folder, how thorough to be, and where figures go."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import Figure, table
from tests.benchmarks.swarm import SwarmFleet, room
from tests.fleet import Fleet, short_folder

BIG: Final = 10_000


class Bench:
    """Collects the figures of a run."""

    def __init__(self, *, quick: bool) -> None:
        self.quick = quick
        self.figures: list[Figure] = []
        self._shown = 0

    def add(
        self,
        what: str,
        samples: Sequence[float],
        unit: str,
        *,
        budget: float | None = None,
        more_is_better: bool = False,
        note: str = "",
    ) -> None:
        """Add a figure."""
        self.figures.append(
            Figure(
                what=what,
                samples=tuple(samples),
                unit=unit,
                budget=budget,
                more_is_better=more_is_better,
                note=note,
            )
        )

    def rounds(self, count: int) -> range:
        """Return how often to repeat something: `count` times, a third of that in a quick run."""
        return range(max(1, count // 3) if self.quick else count)

    def sizes(self) -> list[int]:
        """Return the swarm's sizes: 100, 1,000 and, unless it has to be quick, as close to 10,000 as files allow."""
        return [100, 1000] if self.quick else [100, 1000, min(BIG, room())]

    def show(self) -> None:
        """Print the figures that were not printed yet."""
        fresh = self.figures[self._shown :]
        self._shown = len(self.figures)
        if fresh:
            print(f"\n{table(fresh)}", flush=True)

    @contextmanager
    def fleet(self) -> Iterator[Fleet]:
        """Give a fleet of real processes, of which nothing runs yet."""
        with short_folder() as folder, Fleet(folder) as fleet:
            yield fleet

    @contextmanager
    def swarm(self, count: int) -> Iterator[SwarmFleet]:
        """Give a fleet whose minions are a swarm, of which nothing runs yet."""
        with short_folder() as folder, SwarmFleet(folder, count) as fleet:
            yield fleet


Case = Callable[[Bench], None]


def say(text: str) -> None:
    """Tell what is going on."""
    print(text, file=sys.stderr, flush=True)


def show_path(path: Path) -> str:
    """Return `path` as it is shortest from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
