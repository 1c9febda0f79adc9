"""Reads what `systemctl` prints: tables of units and unit files, and the properties of `show`. Pure: no IO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

# Properties that are lists of units, by systemd's manual.
_UNIT_LISTS: Final = frozenset(
    {"After", "Before", "Names", "Conflicts", "ConflictedBy", "ConsistsOf", "JoinsNamespaceOf", "PartOf"}
    | {"BindsTo", "BoundBy", "OnFailure", "OnSuccess", "PropagatesReloadTo", "ReloadPropagatedFrom"}
    | {"Requires", "RequiredBy", "Requisite", "RequisiteOf", "Wants", "WantedBy", "Upholds", "UpheldBy"}
    | {"Triggers", "TriggeredBy"}
)
_FIELD: Final = re.compile(r" ; (?=(?:argv\[\]|ignore_errors|flags|start_time|stop_time|pid|code|status)=)")


class UnitFile(NamedTuple):
    """One line of `list-unit-files`."""

    unit: str
    state: str


class Unit(NamedTuple):
    """One line of `list-units`."""

    unit: str
    load: str
    active: str
    sub: str


def unit_files(text: str) -> list[UnitFile]:
    """Read `list-unit-files --plain --no-legend`; the preset column, since 245, does not matter."""
    return [UnitFile(words[0], words[1]) for line in text.splitlines() if len(words := line.split()) > 1]


def units(text: str) -> list[Unit]:
    """Read `list-units --plain --no-legend`. A mark before a failed unit, as old ones have, is skipped."""
    found = []
    for line in text.splitlines():
        words = line.split()
        if words and "." not in words[0]:
            del words[0]
        if len(words) > 3:
            found.append(Unit(*words[:4]))
    return found


def blocks(text: str) -> Iterator[dict[str, Any]]:
    """Read `show` of several units; an empty line is between two."""
    for block in re.split(r"\n{2,}", text.strip("\n")):
        if block:
            yield properties(block)


def properties(text: str) -> dict[str, Any]:
    """Read `show` of one unit: commands are maps, lists of units are lists, all else is text as it stands.

    A property that comes several times, as `ExecStart` of a oneshot service may, is a list.
    """
    found: dict[str, Any] = {}
    seen: set[str] = set()
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if not equals:
            continue
        read = _value(name, value)
        if name not in found:
            found[name] = read
        elif name in seen:
            found[name].append(read)
        else:
            found[name] = [found[name], read]
            seen.add(name)
    return found


def _value(name: str, value: str) -> Any:
    if name in _UNIT_LISTS:
        return value.split()
    if value.startswith("{ path=") and value.endswith(" }"):
        # Not simply at each " ; ": a command's own words may hold that.
        fields = (field.partition("=") for field in _FIELD.split(value[2:-2]))
        return {key: text for key, _, text in fields}
    return value
