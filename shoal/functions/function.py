"""`@function` marks a plain typed function as something to ask a box for; `Function` is what is known of it.

    @function(inline=True, replay="safe")
    def ping(ctx: Context) -> bool:
        \"\"\"Say that the minion is there.\"\"\"

- The decorator returns the very function it was given: other modules call it as it stands.
- One trailing underscore is not part of the name: `def list_` is `match.list`, parameter `max_` is `max=`.
- `inline=True`: runs in the executor itself. Only for what is quick, cannot block and needs little memory.
- `replay`, after a crash in the middle: `safe` runs again, `check` asks its probe, `never` is reported.
- `probe=`, with `replay="check"`: takes what the function takes, changes nothing, and returns whether the
  function's effect is there: True, False, or None when that cannot be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, overload

from shoal.functions.parameters import Signature

Replay = Literal["safe", "check", "never"]
Probe = Callable[..., "bool | None"]
AnyCall = TypeVar("AnyCall", bound=Callable[..., Any])
_EXAMPLES: Final = "CLI Example:"
_WIDTH: Final = 96  # of the lines that show how to call it
_MARK: Final = "__shoal_function__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the decorator was told."""

    inline: bool = False
    replay: Replay = "never"
    probe: Probe | None = None
    aliases: tuple[str, ...] = ()
    out: str = ""


@overload
def function(call: AnyCall, /) -> AnyCall: ...


@overload
def function(
    *,
    inline: bool = False,
    replay: Replay = "never",
    probe: Probe | None = None,
    aliases: tuple[str, ...] = (),
    out: str = "",
) -> Callable[[AnyCall], AnyCall]: ...


def function(call: Any = None, /, **marks: Any) -> Any:
    """Mark a function whose first parameter is `ctx: Context` as an execution function.

    `aliases` are full names (`saltutil.running`); `out` is the outputter its value wants. Raises TypeError when
    `replay="check"` comes without a probe, or a probe without it.
    """
    if call is None:
        return lambda later: _mark(later, Marks(**marks))
    return _mark(call, Marks(**marks))


def _mark(call: AnyCall, marks: Marks) -> AnyCall:
    if (marks.replay == "check") != (marks.probe is not None):
        raise TypeError(f'{call.__qualname__}: replay="check" and probe= go together')
    setattr(call, _MARK, marks)
    return call


def marks_of(candidate: object) -> Marks | None:
    """Return what `@function` was told about `candidate`, or None if it is not marked."""
    marks = getattr(candidate, _MARK, None)
    return marks if isinstance(marks, Marks) else None


class Function:
    """One execution function: its full name, how to call it and what may be said about it."""

    __slots__ = ("_signature", "aliases", "call", "inline", "name", "out", "probe", "replay")

    def __init__(self, name: str, call: Callable[..., Any], marks: Marks, *, may_inline: bool = True) -> None:
        self.name = name
        self.call = call
        self.aliases = marks.aliases
        self.inline = marks.inline and may_inline
        self.replay: Replay = marks.replay
        self.probe = marks.probe
        self.out = marks.out
        self._signature: Signature | None = None

    @property
    def doc(self) -> str:
        """The docstring without the indentation of its code."""
        return _dedent(self.call.__doc__ or "")

    @property
    def signature(self) -> Signature:
        """What the function takes. Raises TypeError if its author wrote something `bind` cannot serve."""
        if self._signature is None:  # read on first use: listing names must not cost type analysis
            self._signature = Signature.of(self.call)
        return self._signature

    @property
    def usage(self) -> str:
        """The signature on one line, e.g. `test.sleep(length: float)`."""
        return self.name + self.signature.show()

    @property
    def help(self) -> str:
        """What `sys.doc` shows: the docstring, how the function is called, other names for it, its examples."""
        prose, mark, examples = self.doc.partition(_EXAMPLES)
        others = f"Other names: {', '.join(self.aliases)}" if self.aliases else ""
        parts = (prose.strip(), self._call_lines(), others, f"{mark}{examples}")
        return "\n\n".join(part for part in parts if part)

    def _call_lines(self) -> str:
        """Return `usage`, broken between parameters where it is long; "" when it cannot be told."""
        try:
            parts = self.signature.parts()
        except TypeError:  # its author wrote what `bind` cannot serve: calling the function says so
            return ""
        lines = [f"{self.name}("]
        for part in [*(f"{part}, " for part in parts[:-1]), *parts[-1:]]:
            if len(lines[-1]) + len(part) > _WIDTH:
                lines.append("    ")
            lines[-1] += part
        return "\n".join(line.rstrip() for line in lines) + ")"

    def schema(self) -> dict[str, Any]:
        """Return what a form, an API or a command line needs to know, as plain data."""
        return {
            "name": self.name,
            "aliases": list(self.aliases),
            "summary": self.doc.partition("\n")[0],
            "usage": self.usage,
            "parameters": self.signature.schema(),
            "inline": self.inline,
            "replay": self.replay,
            "out": self.out,
        }


def _dedent(doc: str) -> str:
    """Return a docstring without the indentation of its code (3.13 strips it by itself)."""
    first, _, rest = doc.strip().partition("\n")
    lines = rest.expandtabs().splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join([first, *(line[margin:].rstrip() for line in lines)]).strip()
