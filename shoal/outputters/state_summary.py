"""What stands below the states of a minion: how many succeeded, failed and changed something, and how long it took."""

from __future__ import annotations

from typing import Final

from shoal.outputters.state_return import StateReturn
from shoal.outputters.style import BOLD_RED, BOLD_YELLOW, CYAN, GREEN, RED, Style

_SUCCEEDED: Final = "Succeeded"  # the longest of the labels: the others get its width
_SECONDS_FROM_MS: Final = 999  # Salt's border, below one second


class Tally:
    """Counts the states of one minion."""

    def __init__(self) -> None:
        self.changed = 0
        self.warnings = 0
        self._ran: dict[bool | None, int] = {True: 0, None: 0, False: 0}
        self._took_ms = 0.0

    def add(self, state: StateReturn, *, changed: bool) -> None:
        """Count `state`."""
        self._ran[state.result] += state.members
        self._took_ms += state.took_ms
        self.changed += state.changed if changed else 0

    def lines(self, minion: str, style: Style) -> list[str]:
        """Return the summary."""
        look, paint = style.states, style.paint
        succeeded, failed = self._ran[True] + self._ran[None], self._ran[False]
        total = succeeded + failed
        width = self._width()
        rule = "-" * width
        lines = [
            paint(f"\nSummary for {minion}\n{rule}", CYAN),
            paint(_count(_SUCCEEDED, succeeded, width), GREEN) + self._of_these(style),
            paint(_count("Failed", failed, width), RED if failed else CYAN),
        ]
        if look.output_pct and total:
            lines.append(paint(f"Success %: {_percent(succeeded, total)}", GREEN))
            lines.append(paint(f"Failure %: {_percent(failed, total)}", RED if failed else CYAN))
        if self.warnings:
            lines.append(paint(_count("Warnings", self.warnings, width), BOLD_RED))
        lines.append(paint(f"{rule}\nTotal states run: {total:>{width - 7}}", CYAN))
        if look.output_profile:
            lines.append(paint(f"Total run time: {_duration(self._took_ms, width - 5)}", CYAN))
        return lines

    def _width(self) -> int:
        counts = [count for count in (*self._ran.values(), self.warnings) if count]
        return len(_SUCCEEDED) + len(": ") + max((len(str(count)) for count in counts), default=0)

    def _of_these(self, style: Style) -> str:
        found = []
        if self._ran[None]:
            found.append(style.paint(f"unchanged={self._ran[None]}", BOLD_YELLOW))
        if self.changed:
            found.append(style.paint(f"changed={self.changed}", GREEN))
        return f" ({', '.join(found)})" if found else ""


def _count(label: str, count: int, width: int) -> str:
    return f"{label}: {count:>{width - len(label) - 2}}"


def _percent(part: int, total: int) -> float:
    return round(part / total * 100, 2)


def _duration(took_ms: float, width: int) -> str:
    if took_ms > _SECONDS_FROM_MS:
        return f"{took_ms / 1000:.3f}".rjust(width) + " s"
    return f"{took_ms:.3f}".rjust(width) + " ms"
