"""States that do nothing: to try out requisites, orders and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from modules.context import Context
from states.declare import state
from states.plan import Plan, failed, unchanged

_PRETENDED: Final[Mapping[str, Any]] = {
    "testing": {"old": "Unchanged", "new": "Something pretended to change"}
}
_TESTING: Final = "If we weren't testing, this would be"


@state
def nop(ctx: Context, name: str, **kwargs: Any) -> Plan:
    """Do nothing, well.

    Example:

        it:
          test.nop
    """
    return unchanged("Success!")


@state
def succeed_without_changes(ctx: Context, name: str, comment: str = "Success!", **kwargs: Any) -> Plan:
    """Succeed, and change nothing.

    Example:

        it:
          test.succeed_without_changes
    """
    return unchanged(comment)


@state
def fail_without_changes(ctx: Context, name: str, comment: str = "Failure!", **kwargs: Any) -> Plan:
    """Fail, and change nothing.

    Example:

        it:
          test.fail_without_changes:
            - comment: not yet
    """
    return failed(comment, would=f"{_TESTING} a failure!")


@state
def succeed_with_changes(ctx: Context, name: str, comment: str = "Success!", **kwargs: Any) -> Plan:
    """Succeed, and pretend a change.

    Example:

        it:
          test.succeed_with_changes
    """
    return Plan(changes=_PRETENDED, did=comment, would=f"{_TESTING} successful with changes", verify=False)


@state
def fail_with_changes(ctx: Context, name: str, comment: str = "Failure!", **kwargs: Any) -> Plan:
    """Fail, and pretend a change.

    Example:

        it:
          test.fail_with_changes
    """
    return Plan(
        changes=_PRETENDED, result=False, did=comment, would=f"{_TESTING} failed with changes", verify=False
    )


@state
def configurable_test_state(
    ctx: Context,
    name: str,
    changes: bool | str = True,
    result: bool | str = True,
    comment: str = "",
    warnings: str | list[str] | None = None,
) -> Plan:
    """Return what it is told to: `changes` and `result` may be `Random`.

    Example:

        it:
          test.configurable_test_state:
            - changes: Random
            - result: true
            - comment: as chance has it
    """
    chance = Random()  # noqa: S311 - to try things out
    changed = chance.random() < 0.5 if changes == "Random" else bool(changes)
    result = chance.random() < 0.5 if result == "Random" else bool(result)
    texts = [warnings] if isinstance(warnings, str) else warnings or []
    return Plan(
        changes=_PRETENDED if changed else {},
        result=result,
        did=comment,
        would=comment or "This is a test",
        expected=None if changed else True,
        verify=False,
        warnings=tuple(texts),
    )


@state
def show_notification(ctx: Context, name: str, text: str, **kwargs: Any) -> Plan:
    """Show a text to whoever reads the result.

    Example:

        it:
          test.show_notification:
            - text: The site is next.
    """
    return unchanged(text)


@state
def mod_watch(
    ctx: Context, name: str, sfun: str = "", changed: list[str] | None = None, **kwargs: Any
) -> Plan:
    """Be there for what watches: a change of that is one here."""
    return Plan(
        changes={"Requisites with changes": changed or []},
        did="Watch statement fired.",
        would="Watch statement fired.",
        expected=True,
        verify=False,
    )
