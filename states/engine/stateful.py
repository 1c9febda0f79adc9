"""What a `stateful` command says of itself in the last line of its output, as JSON or as `changed=yes comment='…'`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_YES: Final = ("yes", "true", "1", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stateful:
    """`more`: whatever else it says; becomes part of the changes."""

    changed: bool
    comment: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def read_stateful(output: str) -> Stateful:
    """Return what the output's last line says; a command that says nothing has changed something."""
    lines = output.rstrip().splitlines()
    said = _json(lines[-1]) if lines else None
    if said is None:
        said = _words(lines[-1]) if lines else {}
    if "changed" not in said:
        return Stateful(changed=True)
    more = {key: value for key, value in said.items() if key not in ("changed", "comment")}
    return Stateful(
        changed=str(said["changed"]).lower() in _YES, comment=str(said.get("comment", "")), more=more
    )


def _json(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _words(line: str) -> dict[str, Any]:
    try:
        words = shlex.split(line)
    except ValueError:
        return {}
    return {key: value for key, mark, value in (word.partition("=") for word in words) if mark}
