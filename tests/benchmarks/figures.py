"""Figures and how they are shown: a table on the terminal, the same as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

_COLUMNS: Final = ("what", "n", "best", "p50", "p99", "budget", "ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured `len(samples)` times.

    `ratio` compares the median with the budget such that up to 1.00 keeps it, whichever way is better. Where
    other programs run beside, `best` says more about the program and the median more about the machine.
    """

    what: str
    samples: tuple[float, ...]
    unit: str
    budget: float | None = None
    more_is_better: bool = False
    note: str = ""

    @property
    def best(self) -> float:
        """The best sample."""
        return max(self.samples) if self.more_is_better else min(self.samples)

    def quantile(self, share: float) -> float:
        """Return the sample below which `share` of them lie, counted from the good end."""
        ordered = sorted(self.samples, reverse=self.more_is_better)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    @property
    def ratio(self) -> float | None:
        """How much of the budget the median takes."""
        if self.budget is None:
            return None
        return self.budget / self.quantile(0.5) if self.more_is_better else self.quantile(0.5) / self.budget

    def cells(self) -> tuple[str, ...]:
        """Return the line of the table."""
        sign = "≥" if self.more_is_better else "≤"
        return (
            self.what,
            str(len(self.samples)),
            *(
                f"{_short(value)} {self.unit}"
                for value in (self.best, self.quantile(0.5), self.quantile(0.99))
            ),
            "" if self.budget is None else f"{sign} {_short(self.budget)}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything, with the quantiles worked out."""
        worked_out = {"p50": self.quantile(0.5), "p99": self.quantile(0.99), "best": self.best}
        return {**asdict(self), **worked_out, "ratio": self.ratio}


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of equal columns."""
    rows = [_COLUMNS, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = [
        "  ".join(_pad(cell, widths, column) for column, cell in enumerate(row)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    notes = [f"  {figure.what}: {figure.note}" for figure in figures if figure.note]
    return "\n".join([*lines, *notes])


def _pad(cell: str, widths: Sequence[int], column: int) -> str:
    return cell.ljust(widths[column]) if column == 0 else cell.rjust(widths[column])


def _short(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
