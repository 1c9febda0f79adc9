"""Plans as file states answer them: what a test run foretells may be told in other words than what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from states.plan import Done, Plan, Step

_LATER: Final = "Note: No changes made, actual changes may\nbe different due to other states."


def planned(
    steps: Sequence[Step],
    changes: Mapping[str, Any],
    *,
    did: str,
    would: str,
    predicted: Mapping[str, Any] | None = None,
    verify: bool = True,
) -> Plan:
    """Return the plan of steps; `predicted` are the changes that a test run tells, `changes` if not given."""
    if predicted is None:
        return Plan(steps=tuple(steps), changes=changes, did=did, would=would, verify=verify)
    done = Done(comment=did, changes=changes)
    return Plan(
        steps=tuple(steps), changes=predicted, did=did, would=would, verify=verify, judge=lambda _: done
    )


def set_to_be_changed(name: str) -> str:
    """Return what Salt says of a file in a test run."""
    return f"The file {name} is set to be changed\n{_LATER}"
