"""Ways to show returns: `nested` and the other names that `--out` takes, with Salt's look.

A program has to start fast, so an outputter's file is imported when it is asked for, and nothing here or in
`nested` needs more than `typing`. Every file has one function, `render(data, style) -> str`.

Values come from boxes, which may be hostile: no outputter lets a control character through to the operator's
terminal (`terminal.py`); newline and tab are the exceptions.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final, Protocol, cast

from shoal.errors import ConfigError
from shoal.outputters.style import Style
from shoal.state_look import StateLook

_PLAIN: Final = StateLook()
_NAMES: Final = (
    "highstate",
    "json",
    "key",
    "nested",
    "newline_values_only",
    "no_return",
    "pprint",
    "quiet",
    "raw",
    "table",
    "txt",
    "yaml",
)


class Outputter(Protocol):
    """What the file of an outputter offers."""

    def render(self, data: Any, style: Style) -> str:
        """Return `data` as text without a newline at the end; empty text means: print nothing."""


def names() -> tuple[str, ...]:
    """Return the names that `render` knows, sorted."""
    return _NAMES


def render(data: Any, out: str, *, indent: int = 4, colour: bool = False, states: StateLook = _PLAIN) -> str:
    """Return `data` as outputter `out` shows it, without a newline at the end; empty means: print nothing.

    `data` is a map of minion id to return, or a runner's bare value. Of one map come one document and one
    colouring: `--static` hands over all minions at once, without it each is handed over alone.
    `indent` is `--out-indent`, for json, yaml and pprint; negative puts all on one line.
    `states` is how `highstate` shows runs of states.

    Raises:
        ConfigError: no such outputter.
    """
    return _outputter(out).render(data, Style(indent=indent, colour=colour, states=states))


def check_name(out: str) -> str:
    """Return `out` if it names an outputter. Raises ConfigError with the near name."""
    if out in _NAMES:
        return out
    from shoal.config.near_name import did_you_mean  # only for the mistake: costs start-up time

    hint = did_you_mean(out, _NAMES) or f" Use one of: {', '.join(_NAMES)}"
    raise ConfigError(f"unknown outputter {out[:40]!r}.{hint}")


def _outputter(out: str) -> Outputter:
    return cast(Outputter, import_module(f"{__name__}.{check_name(out)}"))
