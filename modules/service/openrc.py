"""Services by OpenRC: `rc-service` for now, `rc-update` for at boot, `rc-status` for what runs.

Names are files in an init.d folder. They are checked so strictly that none begins with `-`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from modules import shell
from modules.service.contract import Activity, Kind, Verb
from modules.service.unit_name import script_name
from shoal.errors import CommandError, ModuleError

RUNLEVEL: Final = "default"
_QUERY_S: Final = 60.0
_LAST_LINES: Final = 5
_STATE: Final = re.compile(r"^\s*(\S+)\s+\[\s*([a-z]+)")
_STARTS_WITH_MARK: Final = re.compile(r"^\s*\*\s*")


class OpenRC:
    """OpenRC on this box."""

    def act(self, verb: Verb, name: str, *, wait: bool = True) -> None:
        """Do `verb` and wait for it: OpenRC cannot do otherwise. Raises ModuleError."""
        script = self._existing(name)
        word = self._reload_or_restart(script) if verb == "force-reload" else verb
        done = _run("rc-service", script, word)
        if done.retcode != 0:
            raise CommandError(f"cannot {word} {script}: {last_lines(done.stdout + done.stderr)}")

    def activity(self, names: Sequence[str]) -> dict[str, Activity]:
        """Ask each service by its own `status`: a process that died is told as crashed, so `stopped`."""
        return {name: self._activity(script_name(name)) for name in names}

    def known(self, name: str) -> bool:
        """Say whether there is a script of that name."""
        return _run("rc-service", "--exists", script_name(name)).retcode == 0

    def enabled(self, name: str) -> bool:
        """Say whether it is in a runlevel."""
        return script_name(name) in self._in_runlevels()

    def set_enabled(self, name: str, on: bool, *, wait: bool = True) -> None:
        """Put it into the runlevel `default`, or take it out of all. Raises ModuleError."""
        script = self._existing(name)
        there = script in self._in_runlevels()
        if on and not there:
            _run("rc-update", "add", script, RUNLEVEL).must_succeed()
        elif there and not on:
            _run("rc-update", "--all", "del", script).must_succeed()

    def names(self, kind: Kind) -> list[str]:
        """Return the names of a kind; nothing is `static` here."""
        if kind == "running":
            return service_states(_run("rc-status", "--nocolor", "--servicelist").must_succeed().stdout)
        if kind == "static":
            return []
        if kind == "enabled":
            return sorted(self._in_runlevels())
        everything = set(_run("rc-service", "--list").must_succeed().stdout.split())
        return sorted(everything - self._in_runlevels() if kind == "disabled" else everything)

    def _existing(self, name: str) -> str:
        script = script_name(name)
        if not self.known(script):
            raise ModuleError(
                f"The named service {script} is not available: there is no service {script} on this box; "
                "service.get_all lists those there are"
            )
        return script

    def _activity(self, script: str) -> Activity:
        done = _run("rc-service", script, "status")
        if "status: starting" in done.stdout + done.stderr:
            return "starting"
        return "running" if done.retcode == 0 else "stopped"

    def _reload_or_restart(self, script: str) -> str:
        """Return `reload` if the service has that: to restart one whose reload failed could end it for good."""
        done = _run("rc-service", script, "describe")
        return "reload" if can_reload(done.stdout + done.stderr) else "restart"

    def _in_runlevels(self) -> set[str]:
        return in_runlevels(_run("rc-update", "show").must_succeed().stdout)


def in_runlevels(text: str) -> set[str]:
    """Read `rc-update show`, one `NAME | default` a line; a name with no runlevel is left out."""
    rows = (line.partition("|") for line in text.splitlines())
    return {name.strip() for name, _, levels in rows if name.strip() and levels.strip()}


def service_states(text: str) -> list[str]:
    """Read `rc-status --servicelist`, one `NAME [ started ]` a line, and return what is started."""
    found = (_STATE.match(line) for line in text.splitlines())
    return sorted({match[1] for match in found if match and match[2] == "started"})


def can_reload(text: str) -> bool:
    """Read `rc-service NAME describe`: one ` * reload: …` for each command of the service's own."""
    return any(_STARTS_WITH_MARK.sub("", line).startswith("reload:") for line in text.splitlines())


def last_lines(text: str) -> str:
    """Return the last lines that a service wrote, on one line, without the marks before them."""
    lines = [_STARTS_WITH_MARK.sub("", line).strip()[:200] for line in text.splitlines()]
    return " | ".join([line for line in lines if line][-_LAST_LINES:]) or "it does not say why"


def _run(*argv: str) -> shell.Completed:
    query = argv[-1] not in ("start", "stop", "restart", "reload")
    env = {"LC_ALL": "C", "EINFO_COLOR": "no"}
    return shell.run(shell.Command(argv=argv, env=env, timeout_s=_QUERY_S if query else 0))
