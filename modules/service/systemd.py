"""Services by systemd. Asks `systemctl`, which needs no D-Bus daemon when root asks.

Before a unit is started its files are read again if they have changed. A start that fails, or whose process ends
at once, is told with its last lines in the journal.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules import shell
from modules.service import systemctl
from modules.service.contract import Activity, Kind, Verb
from modules.service.unit_name import TYPES, instance_name, is_template, short_name, unit_name
from modules.service.unit_table import properties, unit_files, units
from shoal.errors import CommandError, ModuleError

ETC: Final = Path("/etc")  # where init.d and rc?.d are, for services that still have an init script
_ENABLED: Final = frozenset({"enabled", "enabled-runtime"})
_RUNNING: Final = frozenset({"active", "reloading", "refreshing"})
_STARTING: Final[frozenset[Verb]] = frozenset({"start", "restart"})
_JOURNAL_LINES: Final = 5
_JOURNAL_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Systemd:
    """systemd on this box, or the unit files below `root` without a systemd that runs there."""

    root: str = ""

    def act(self, verb: Verb, name: str, *, wait: bool = True) -> None:
        """Do `verb`. Raises ModuleError, for a start with the last lines of the journal."""
        unit = instance_name(name)
        self._ready(unit)
        begun = int(time.time())
        done = systemctl.change(verb, *(() if wait else ("--no-block",)), "--", unit)
        if done.retcode != 0:
            tell = verb != "stop"
            raise CommandError(
                f"cannot {verb} {unit}: {systemctl.why(done)}{_journal(unit, begun) if tell else ''}"
            )
        if wait and verb in _STARTING:
            self._stays(unit, begun)

    def activity(self, names: Sequence[str]) -> dict[str, Activity]:
        """Return by name how each unit is doing."""
        if not names:
            return {}
        asked = [instance_name(name) for name in names]
        done = systemctl.ask("is-active", "--", *asked)
        states = done.stdout.split()
        if len(states) != len(asked):  # no answer at all: systemd cannot be reached
            raise CommandError(f"systemctl is-active failed: {systemctl.why(done)}")
        return {name: _activity(state) for name, state in zip(names, states, strict=True)}

    def known(self, name: str) -> bool:
        """Say whether the unit's file, or its template's, is there."""
        unit = unit_name(name)
        if not self.root and not is_template(unit):
            return self._property(unit, "LoadState") not in ("not-found", "")
        return bool(
            unit_files(systemctl.ask("list-unit-files", "--plain", "--", unit, root=self.root).stdout)
        )

    def enabled(self, name: str) -> bool:
        """Say whether the unit is enabled; one that is static or generated without a runlevel is not."""
        unit = unit_name(name)
        state = self.file_state(unit)
        if state == "alias" and not self.root:  # another name: what counts is the unit behind it
            state = self._property(unit, "UnitFileState")
        return state in _ENABLED

    def file_state(self, name: str) -> str:
        """Return the state of the unit's file as systemd calls it, "" if there is none."""
        done = systemctl.ask("is-enabled", "--", unit_name(name), root=self.root)
        state = (done.stdout.split() or [""])[-1]
        return "" if state == "not-found" else state

    def set_enabled(self, name: str, on: bool, *, wait: bool = True) -> None:
        """Enable or disable. Raises ModuleError for a unit that cannot be enabled: static or masked."""
        unit = unit_name(name)
        if on:
            self._can_be_enabled(unit)
        block = () if wait else ("--no-block",)
        systemctl.must("enable" if on else "disable", *block, "--", unit, root=self.root)

    def names(self, kind: Kind) -> list[str]:
        """Return units of all types that have a unit file, and instances that are loaded."""
        if kind == "running":
            return _short(each.unit for each in units(systemctl.table("list-units")) if each.sub == "running")
        files = unit_files(systemctl.table("list-unit-files", root=self.root))
        if kind == "all":
            return _short([*(each.unit for each in files), *self._instances()])
        wanted = _ENABLED if kind == "enabled" else {kind}
        found = {each.unit for each in files if each.state in wanted}
        if kind != "static":
            scripts = (each.unit for each in files if each.state == "generated")
            found |= self._by_runlevel(scripts, on=kind == "enabled")
        return _short(found)

    def mask(self, name: str, *, runtime: bool) -> None:
        """Mask. Raises ModuleError."""
        systemctl.must("mask", *_runtime(runtime), "--", unit_name(name), root=self.root)

    def unmask(self, name: str, *, runtime: bool) -> None:
        """Unmask. Raises ModuleError."""
        systemctl.must("unmask", *_runtime(runtime), "--", unit_name(name), root=self.root)

    def _ready(self, unit: str) -> None:
        """Let systemd read changed files of `unit`. Raises ModuleError if it cannot be started anyway."""
        found = self._load(unit)
        # An old systemd remembers for a while that a file was not there.
        if found.get("NeedDaemonReload") == "yes" or found.get("LoadState") == "not-found":
            systemctl.must("daemon-reload")
            found = self._load(unit)
        if found.get("LoadState") == "not-found":
            raise _missing(unit)
        if found.get("LoadState") == "masked":
            raise ModuleError(f"{unit} is masked; say unmask=true, or run service.unmask first")

    def _load(self, unit: str) -> dict[str, str]:
        done = systemctl.ask("show", "--property=LoadState,NeedDaemonReload", "--", unit).must_succeed()
        return properties(done.stdout)

    def _property(self, unit: str, name: str) -> str:
        done = systemctl.ask("show", f"--property={name}", "--", unit).must_succeed()
        return str(properties(done.stdout).get(name, ""))

    def _stays(self, unit: str, begun: int) -> None:
        """Raise CommandError if the unit has failed already: a simple one counts as started at its fork."""
        done = systemctl.ask("show", "--property=ActiveState,SubState,Result", "--", unit)
        state = properties(done.stdout)
        if state.get("ActiveState") == "failed" or state.get("SubState") == "auto-restart":
            raise CommandError(
                f"{unit} was started but ended at once ({state.get('Result', 'failed')}){_journal(unit, begun)}"
            )

    def _can_be_enabled(self, unit: str) -> None:
        state = self.file_state(unit)
        if not state and not self.known(unit):
            raise _missing(unit)
        if state == "static":  # systemctl itself takes that for success
            raise ModuleError(f"{unit} cannot be enabled: its file has no [Install] section, others start it")
        if state.startswith("masked"):
            raise ModuleError(f"{unit} is masked; say unmask=true, or run service.unmask first")

    def _instances(self) -> list[str]:
        if self.root:
            return []
        loaded = units(systemctl.table("list-units", "--all"))
        return [each.unit for each in loaded if "@" in each.unit and each.load == "loaded"]

    def _by_runlevel(self, generated: Iterable[str], *, on: bool) -> set[str]:
        """Return those units made of an init script that start at boot, or those that do not."""
        etc = Path(self.root or "/", *ETC.parts[1:])
        started = {link.name[3:] for link in etc.glob("rc[2-5].d/S[0-9][0-9]*")}
        scripts = (unit for unit in generated if (etc / "init.d" / short_name(unit)).exists())
        return {unit for unit in scripts if (short_name(unit) in started) == on}


def _missing(unit: str) -> ModuleError:
    return ModuleError(
        f"The named service {short_name(unit)} is not available: there is no service {unit} on this box; "
        "service.get_all lists those there are"
    )


def _activity(state: str) -> Activity:
    if state in _RUNNING:
        return "running"
    return "starting" if state == "activating" else "stopped"


def _runtime(runtime: bool) -> tuple[str, ...]:
    return ("--runtime",) if runtime else ()


def _short(found: Iterable[str]) -> list[str]:
    return sorted({short_name(unit) for unit in found if unit.rpartition(".")[2] in TYPES})


def _journal(unit: str, since: int) -> str:
    """Return what the journal has of `unit` since then, as the end of a message; nothing if it cannot be read."""
    if not shell.which("journalctl"):
        return ""
    words = (f"--unit={unit}", f"--since=@{since}", f"--lines={_JOURNAL_LINES}", "--output=cat")
    command = shell.Command(
        argv=("journalctl", "--quiet", "--no-pager", *words), env={"LC_ALL": "C"}, timeout_s=_JOURNAL_S
    )
    try:
        lines = shell.run(command).stdout.splitlines()[-_JOURNAL_LINES:]
    except CommandError:  # the failure itself is what has to be told
        return ""
    said = " | ".join(command.censored(line) for line in lines if line.strip())
    return f"; its journal ends with: {said}" if said else ""
