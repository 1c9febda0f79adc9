"""From a chunk to a plan: finds the state function, gives it the arguments of the SLS, and nothing else.

Whatever a state function raises becomes a failed plan that says so; nothing of it ends the run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from modules.context import Context
from shoal.errors import ShoalError, UnknownFunctionError
from shoal.functions.signature import bind
from states.engine.chunk import Chunk
from states.engine.keywords import ALL, GLOBAL
from states.library import Library
from states.plan import Plan, failed

log = logging.getLogger(__name__)

_SLOT: Final = "__slot__:"
_WATCH: Final = "mod_watch"
# Words of the engine that states may want too: a `check_cmd` of theirs looks at a file before it takes its place.
_SHARED: Final = frozenset({"runas", "umask", "timeout", "saltenv", "check_cmd"})


class Planner:
    """Asks state functions. `ctx` is the run's."""

    def __init__(self, ctx: Context, library: Library) -> None:
        self._ctx = ctx
        self._library = library

    def plan(self, chunk: Chunk) -> Plan:
        """Return the plan of a state."""
        return self._ask(chunk, chunk.full, {})

    def reaction(self, chunk: Chunk, changed: list[str]) -> Plan | None:
        """Return the plan of a state for what it watches having changed; None if it has nothing for that."""
        name = f"{chunk.state}.{_WATCH}"
        if name not in self._library.names_in(chunk.state):
            return None
        return self._ask(chunk, name, {"sfun": chunk.fun, "changed": changed})

    def reacts(self, chunk: Chunk) -> bool:
        """Say whether a state does something of its own when what it watches changes."""
        return f"{chunk.state}.{_WATCH}" in self._library.names_in(chunk.state)

    def takes(self, chunk: Chunk, word: str) -> bool:
        """Say whether a state's function has a parameter of this name."""
        try:
            return word in self._library.get(chunk.full).signature.keywords
        except UnknownFunctionError:
            return False

    def _ask(self, chunk: Chunk, name: str, more: Mapping[str, Any]) -> Plan:
        try:
            function = self._library.get(name)
            if slots := [key for key, value in chunk.args.items() if str(value).startswith(_SLOT)]:
                return failed(f"{slots[0]}: __slot__ is not supported yet; use salt['...'] in the template")
            wanted = function.signature
            kwargs = self._arguments(chunk, frozenset(wanted.keywords))
            kwargs |= {key: value for key, value in more.items() if key in wanted.keywords or wanted.extra}
            args, kwargs = bind(function, [chunk.name], kwargs)
            return function.call(self._ctx, *args, **kwargs)  # type: ignore[no-any-return]
        except UnknownFunctionError as error:
            return failed(f"State '{chunk.full}' was not found in SLS '{chunk.sls}'\nReason: {error}")
        except ShoalError as error:
            return failed(str(error))
        except Exception as error:  # a state's own mistake must not end the run
            log.exception("state %s failed", chunk.full, extra={"action": "state_exception"})
            return failed(f"An exception occurred in this state: {type(error).__name__}: {error}")

    @staticmethod
    def _arguments(chunk: Chunk, wanted: frozenset[str]) -> dict[str, Any]:
        """Return what the SLS gives to the function: all but the engine's own words, unless it wants one of those."""
        return {
            key: value
            for key, value in chunk.args.items()
            if ((key not in ALL and key not in GLOBAL) or (key in _SHARED and key in wanted))
            and not key.startswith("__")
        }
