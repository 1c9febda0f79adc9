"""How keys are shown: under Salt's headings, or as the map that Salt prints for machines."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any, Final

from master.cli.output import Output

STATES: Final = ("accepted", "denied", "pending", "rejected")
WORDS: Final = {"accepted": "accepted", "denied": "denied", "pending": "unaccepted", "rejected": "rejected"}
_SALT_NAMES: Final = {
    "accepted": "minions",
    "denied": "minions_denied",
    "pending": "minions_pre",
    "rejected": "minions_rejected",
}

Keys = Mapping[str, Any]  # state → ids, or state → {id: text}


def write_keys(keys: Keys, local: Mapping[str, str], output: Output) -> None:
    """Write `keys` under Salt's names and headings; `local` is the master's own."""
    named: dict[str, Any] = {_SALT_NAMES[state]: keys[state] for state in STATES if state in keys}
    output.value({"local": dict(local), **named} if local else named, "key")


def matching(keys: Keys, match: str, states: Sequence[str]) -> dict[str, list[str]]:
    """Return state → sorted ids that match the glob, of `states` and only where there are any."""
    found = {state: sorted(fnmatch.filter(keys.get(state, ()), match)) for state in states}
    return {state: ids for state, ids in found.items() if ids}


def nothing_matched(match: str, states: Sequence[str]) -> str:
    """Return Salt's line for a glob that matches no key in `states`."""
    *most, last = [WORDS[state] for state in states]
    words = f"{', '.join(most)} or {last}" if most else last
    return f"The key glob '{match}' does not match any {words} keys."


def out_of_reach(keys: Keys, match: str, states: Sequence[str]) -> str:
    """Return how to reach keys that match the glob in `states`, or nothing if there are none."""
    found = matching(keys, match, states)
    if not found:
        return ""
    options = " ".join(f"--include-{state}" for state in found)
    return f" It matches {' and '.join(found)} ones: add {options} to mean them"
