"""What the operator sees of a job: each answer as it comes, or all at the end.

Held back until `close`:
1. `--static`, and outputs that are one document (json, table)
2. `sys.doc`, which is merged over the minions
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from master.cli.docs import write_docs
from master.cli.output import Output

_AWAY = frozenset({"offline", "lost"})
_COUNTED = {  # besides those that are not connected
    "queued": "queued",
    "sent": "sent, not received",
    "received": "received, not begun",
    "unknown": "unknown",
}
_Answer = tuple[Any, str]  # a value, and the look that its function wishes for


class Report:
    """Collects and writes the answers of one job."""

    def __init__(self, output: Output, *, static: bool, hide_silent: bool, docs: bool) -> None:
        self.returned: list[str] = []
        self.failed: list[str] = []
        self.silent: dict[str, str] = {}  # minion → why
        self.kept: set[str] = set()  # of those, the ones that the master keeps the job for
        self._output = output
        self._docs = docs
        self._held: dict[str, _Answer] | None = None
        if static or docs or output.needs_everything:
            self._held = {}
        self._hide_silent = hide_silent

    @property
    def ok(self) -> bool:
        """True when every minion answered, and answered well, or will be given its job later."""
        return not self.failed and self.silent.keys() <= self.kept

    def add_return(self, message: dict[str, Any]) -> None:
        """Take a `return` event; of a minion that was given up before, it takes the silence back."""
        minion = message["id"]
        self.silent.pop(minion, None)
        self.returned.append(minion)
        if not message["success"]:
            self.failed.append(minion)
        ended = message.get("outcome", "done") == "done"
        self._show(minion, message["ret"], message.get("out", "") if ended else "")

    def add_silent(self, message: dict[str, Any]) -> None:
        """Take a `silent` event."""
        minion, why = message["id"], message["why"]
        self.silent[minion] = why
        if message.get("kept"):
            self.kept.add(minion)
        if self._hide_silent:
            return
        yet = " yet" if minion in self.kept else ""
        value = f"Minion did not return{yet}. [{message.get('label') or why.capitalize()}]"
        text = message.get("text", "")
        if text and not self._output.for_machines:
            value += f"\n{text}"
        self._show(minion, value, "no_return")

    def close(self) -> None:
        """Write what was held back."""
        if self._held is None:
            return
        held, self._held = dict(sorted(self._held.items())), None
        if self._docs:
            write_docs({minion: value for minion, (value, _) in held.items()}, self._output)
        elif self._output.out:
            self._output.value({minion: value for minion, (value, _) in held.items()})
        else:
            for minion, (value, wished) in held.items():
                self._output.value({minion: value}, wished)

    def _show(self, minion: str, value: Any, wished: str) -> None:
        if self._held is not None:
            self._held[minion] = (value, wished)
        else:
            self._output.value({minion: value}, wished)


def summary(report: Report, *, verbose: bool) -> str:
    """Return Salt's summary of a job, and how many were not connected."""
    away = [minion for minion, why in report.silent.items() if why in _AWAY]
    quiet = [minion for minion in report.silent if minion not in away and minion not in report.kept]
    others = Counter(why for why in report.silent.values() if why not in _AWAY)
    rule = "-" * 43
    lines = [
        "", rule, "Summary", rule,
        f"# of minions targeted: {len(report.returned) + len(report.silent)}",
        f"# of minions returned: {len(report.returned)}",
        f"# of minions that did not return: {len(report.silent)}",
        f"# of minions with errors: {len(report.failed)}",
        f"# of minions not connected: {len(away)}",
    ]  # fmt: skip
    lines += [f"# of minions {_COUNTED.get(why, why)}: {count}" for why, count in sorted(others.items())]
    if verbose:
        named = {"not connected": away, "not responding": quiet, "with failures": report.failed}
        lines += [f"Minions {what}: {' '.join(names)}" for what, names in named.items() if names]
    return "\n".join([*lines, rule])
