"""What one state returned, as `highstate` shows it: every text cleaned, every field of a kind that is sure.

A box can return anything. What is missing or odd gets a plain reading here; nothing raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from shoal.outputters.terminal import as_text, clean, clean_line

_MARK: Final = "_|-"
_MS: Final = " ms"


class StateReturn(NamedTuple):
    """One state of a run, or several that `compressed` has put together."""

    module: str
    function: str
    id: str
    name: str
    sls: str
    number: float  # its place in the run
    result: bool | None
    shown_result: str
    comment: str
    changes: Any
    started: str | None
    duration: str
    took_ms: float
    warnings: tuple[str, ...] | None  # None and () differ: Salt has a heading for an empty list
    members: int = 1
    changed: int = 1  # how many of them changed something, if there are changes at all

    @property
    def outcome(self) -> str:
        """Return the word of the one-line look."""
        if self.result is None:
            return "Differs"
        return ("Changed" if self.changes else "Clean") if self.result else "Failed"


def is_state(info: Any) -> bool:
    """Return whether a value of a minion's return is what a state returned."""
    return isinstance(info, dict) and "result" in info


def read_state(tag: Any, info: dict[Any, Any]) -> StateReturn:
    """Return what `info` says of the state with this tag: `module_|-id_|-name_|-function`."""
    module, ident, name, function = _names(as_text(tag), info)
    result = info["result"]
    duration = _line(info.get("duration", "")).removesuffix(_MS)
    return StateReturn(
        module=clean_line(module),
        function=clean_line(function),
        id=clean_line(ident),
        name=clean_line(name),
        sls=_line(info.get("__sls__", "")),
        number=_number(info.get("__run_num__")),
        result=None if result is None else _is_true(result),
        shown_result=_line(result),
        comment=as_text(info.get("comment", "")).strip(),
        changes=info.get("changes"),
        started=_line(info["start_time"]) if "start_time" in info else None,
        duration=duration,
        took_ms=_number(duration),
        warnings=_warnings(info["warnings"]) if "warnings" in info else None,
    )


def compressed(states: Iterable[StateReturn]) -> list[StateReturn]:
    """Return `states` with those in one that have id, file, function and result in common.

    Salt takes all functions of an id together when it counts, and so counts some states twice.
    """
    groups: dict[tuple[str, ...], list[StateReturn]] = {}
    for state in states:
        key = (state.module, state.function, state.sls, state.id, state.shown_result)
        groups.setdefault(key, []).append(state)
    return [_together(group) if len(group) > 1 else group[0] for group in groups.values()]


def _together(group: list[StateReturn]) -> StateReturn:
    first, *others = group
    changed = {state.name: state.changes for state in group if state.changes}
    took_ms = sum(state.took_ms for state in group)
    told = [state.warnings for state in group if state.warnings is not None]
    return first._replace(
        id=f"{first.id} ({len(group)})",
        name=f"state_compressed_{first.sls}_{first.id}_{first.shown_result}",
        changes={"compressed changes": changed} if any(state.changes for state in others) else first.changes,
        duration=str(took_ms),
        took_ms=took_ms,
        warnings=tuple(line for lines in told for line in lines) if told else None,
        members=len(group),
        changed=len(changed),
    )


def _names(tag: str, info: dict[Any, Any]) -> tuple[str, str, str, str]:
    """Return module, id, name and function; `info` knows better when an id has the tag's mark in it."""
    parts = tag.split(_MARK)
    if len(parts) == 4:
        return parts[0], parts[1], parts[2], parts[3]
    ident = as_text(info.get("__id__", parts[1] if len(parts) > 1 else tag))
    return parts[0], ident, as_text(info.get("name", ident)), parts[-1]


def _line(value: Any) -> str:
    return clean_line(as_text(value))


def _is_true(result: Any) -> bool:
    """Return whether a state succeeded; what is neither true nor false has not."""
    return isinstance(result, (bool, int, float)) and result == 1


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _warnings(value: Any) -> tuple[str, ...]:
    return tuple(clean(as_text(line)) for line in (value if isinstance(value, (list, tuple)) else [value]))
