"""What a section says about its fields.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class MasterConfig:
        publish_port: int = setting(4505, "Port that minions listen to", low=1, high=65535)

The annotation is the type: `str int float bool Secret Path Any`, `X | None`, `tuple[X, ...]` (a list in the
file; a single value will do), `dict[str, X]`, or another section.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any, Final

from shoal.config.node import Node

REQUIRED: Final = object()
_KEY: Final = "setting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The rules of one key."""

    doc: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    check: Callable[[Any], Any] | None = None
    parse: Callable[[Node], Any] | None = None
    kind: str = ""  # for the manual, instead of the annotation in words
    shown: str = ""  # for the manual, instead of the default


def setting(
    default: Any = REQUIRED, doc: str = "", *, factory: Callable[[], Any] | None = None, **rules: Any
) -> Any:
    """Return a dataclass field with its documentation and rules.

    `factory` makes the default when it is a map or depends on the host; `shown` is then what the manual says.
    `low`, `high`, `choices` bound a value or each item of a list. `check(value)` returns the value to keep
    and raises ValueError or ShoalError. `parse(node)` replaces all of that and raises ConfigError itself.
    """
    metadata = {_KEY: Setting(doc=doc, **rules)}
    if factory is not None:
        return field(default_factory=factory, metadata=metadata)
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def setting_of(made: Field[Any]) -> Setting:
    """Return the rules of a dataclass field; none for a plain one."""
    found = made.metadata.get(_KEY)
    return found if isinstance(found, Setting) else Setting(doc="")
