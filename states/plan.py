"""What a state function returns: what must be done, how it is undone, and what people are told.

A state function reads and returns a `Plan`; it changes nothing. `do` and `undo` are calls as data (an execution
function and its arguments), so that they can be shown, stored and made again. The engine alone makes them.

    now = sysctl.get(ctx, name)
    if now == value:
        return unchanged(f"{name} is already {value}")
    step = Step(do=call(sysctl.assign, name, value), undo=call(sysctl.assign, name, now))
    return Plan(steps=(step,), changes={name: {"old": now, "new": value}}, would="it would be set", did="it is set")

No changes and no steps: nothing is to be done. A plan is made again after its steps, and must then be empty, unless it
says that it cannot tell (`verify=False`: a command has no state that could be read).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.wire import Fields, plain

_MODULES: Final = "modules."


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An execution function and what it is called with: plain values only."""

    fun: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return it for the journal."""
        return {"fun": self.fun, "args": list(self.args), "kwargs": dict(self.kwargs)}

    @classmethod
    def from_wire(cls, value: object) -> Call:
        """Check and read one. Raises WireError."""
        fields = Fields(value, "call of a state")
        made = cls(
            fun=fields.text("fun", 130),
            args=tuple(fields.take("args", list)),
            kwargs=fields.mapping("kwargs", 100),
        )
        fields.done()
        return made


def call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Call:
    """Return the call of an execution function (`modules.sysctl.assign`, or of a file of a module that is a folder)."""
    module = function.__module__.removeprefix(_MODULES).partition(".")[0]
    name = f"{module}.{function.__name__.removesuffix('_')}"
    return Call(
        fun=name, args=tuple(plain(each) for each in args), kwargs={k: plain(v) for k, v in kwargs.items()}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change. Without `undo` it cannot be taken back, and `final` says why."""

    do: Call
    undo: Call | None = None
    final: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a plan whose steps say more than that they went well: a command's result."""

    result: bool = True
    comment: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """See the module docstring. `changes` has Salt's shape for the state: what people and other states are told.

    `result`: False for what cannot be, with `did` saying why. `would`, `did`: the comment of a test run, of a real one.
    `expected`: the result of a test run; None = "there would be changes", True without any. `judge` makes of the steps'
    answers what is told of them.
    """

    steps: tuple[Step, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    result: bool = True
    would: str = ""
    did: str = ""
    expected: bool | None = None
    verify: bool = True
    judge: Callable[[tuple[Any, ...]], Done] | None = None
    warnings: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """True when nothing is to be done, and that is right."""
        return self.result and not self.steps and not self.changes


def unchanged(comment: str, *, would: str = "") -> Plan:
    """Return the plan of a state that is there already."""
    return Plan(did=comment, would=would or comment, expected=True)


def failed(comment: str, *, would: str = "") -> Plan:
    """Return the plan of a state that cannot be reached."""
    return Plan(result=False, did=comment, would=would or comment, expected=False)
