"""Takes the box down by a transient timer of systemd.

Not by `shutdown +1`: that knows only minutes and needs logind, without which older ones go down at once. The timer
belongs to process 1, so it survives the job, the executor and the daemon. Its description holds what will happen,
so that no file of ours can tell something else than systemd does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from modules import shell
from modules.system.contract import Action, Pending
from modules.system.small_file import read_small

SCHEDULED: Final = Path("/run/systemd/shutdown/scheduled")  # logind's, of `shutdown +5`
UNIT: Final = "shoal-shutdown"
_TIMEOUT_S: Final = 60.0
_DESCRIPTION: Final = re.compile(r"^Description=.*\b(halt|poweroff|reboot) at (\d+)$", re.MULTILINE)


class TransientTimer:
    """systemd as it runs on this box."""

    def schedule(self, action: Action, delay_s: int, now: int) -> Pending:
        """Start the timer. Raises CommandError."""
        at = now + delay_s
        _run(
            "systemd-run",
            "--quiet",
            "--collect",
            f"--unit={UNIT}",
            f"--description=Shoal: {action} at {at}",
            f"--on-active={delay_s}s",
            "--timer-property=AccuracySec=100ms",
            "--",
            "systemctl",
            "--no-ask-password",
            action,
        ).must_succeed()
        return Pending(action=action, at=at, by="shoal")

    def pending(self) -> Pending | None:
        """Return our own timer's shutdown, or the one that somebody gave to logind."""
        return self._own() or logind_schedule(read_small(SCHEDULED))

    def cancel(self) -> None:
        """Stop the timer, and take back what logind has. Raises CommandError."""
        if self._own():
            _run("systemctl", "--no-ask-password", "stop", "--", f"{UNIT}.timer").must_succeed()
        if logind_schedule(read_small(SCHEDULED)):
            _run("shutdown", "-c", "--no-wall").must_succeed()

    def _own(self) -> Pending | None:
        words = ("systemctl", "show", "--property=ActiveState,Description", "--", f"{UNIT}.timer")
        return timer_state(_run(*words).must_succeed().stdout)


def timer_state(text: str) -> Pending | None:
    """Read `systemctl show` of our timer; None unless it runs."""
    match = _DESCRIPTION.search(text)
    if "ActiveState=active" not in text.splitlines() or not match:
        return None
    return Pending(action=match[1], at=int(match[2]), by="shoal")


def logind_schedule(text: str) -> Pending | None:
    """Read /run/systemd/shutdown/scheduled: `USEC=`, `MODE=` and who is to be told."""
    fields = dict(line.partition("=")[::2] for line in text.splitlines())
    if not fields.get("USEC", "").isdigit() or not fields.get("MODE"):
        return None
    return Pending(action=fields["MODE"], at=int(fields["USEC"]) // 1_000_000, by="shutdown")


def _run(*argv: str) -> shell.Completed:
    return shell.run(shell.Command(argv=argv, env={"LC_ALL": "C"}, timeout_s=_TIMEOUT_S))
