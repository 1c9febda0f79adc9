"""Chunks: high data taken apart, one function of one state with one name each, as they are written.

`order` counts as in Salt: numbers of one's own go before the automatic ones (from 10,000 on); `first`, `last`; negative
numbers count from the end. Names of one declaration keep their order behind the decimal point.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from states.engine.high import High
from states.engine.keywords import ALL

_NOT_ARGUMENTS: Final = frozenset({"state", "fun", "name", "order", "name_order", "written"})
_BEHIND: Final = 1_000_000  # what is last goes behind so many
_GAP: Final = 100


@dataclass(slots=True, kw_only=True)
class Chunk:
    """One state to be run. `args`: all arguments, requisites and global ones among them."""

    state: str
    fun: str
    name: str
    id: str
    sls: str
    env: str
    args: dict[str, Any] = field(default_factory=dict)
    order: float = 0.0
    written: float = 0.0  # its order as it was given: what the first that waits for a state lends it

    @property
    def tag(self) -> str:
        """Salt's name for it: `state_|-id_|-name_|-function`."""
        return f"{self.state}_|-{self.id}_|-{self.name}_|-{self.fun}"

    @property
    def full(self) -> str:
        """Return `state.function`."""
        return f"{self.state}.{self.fun}"

    def requisites(self, kind: str) -> list[Any]:
        """Return what one requisite lists."""
        return self.args.get(kind) or []

    def as_low(self) -> dict[str, Any]:
        """Return it as `state.show_lowstate` does."""
        return {
            "state": self.state, "name": self.name, "__sls__": self.sls, "__env__": self.env, "__id__": self.id,
            **self.args, "order": int(self.order) if self.order == int(self.order) else self.order, "fun": self.fun,
        }  # fmt: skip


def chunks_of(high: High) -> list[Chunk]:
    """Return all chunks, as they are written."""
    raw = [each for name, body in high.declared.items() for each in _of_declaration(name, body)]
    _number(raw)
    return [_chunk(each) for each in raw]


def _of_declaration(name: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state, arguments in body.items():
        if state.startswith("__"):
            continue
        functions = list(dict.fromkeys(each for each in arguments if isinstance(each, str)))
        low: dict[str, Any] = {
            "state": state,
            "id": name,
            "sls": body["__sls__"],
            "env": body["__env__"],
            "name": name,
        }
        names: list[Any] = []
        for argument in arguments:
            for key, value in argument.items() if isinstance(argument, dict) else ():
                if key == "names":
                    names += [each for each in value if each not in names]
                elif key == "name" and not isinstance(value, str):
                    low["name"] = name
                elif key in ALL and key in low and isinstance(value, list) and isinstance(low[key], list):
                    low[key] = low[key] + value
                elif key != "state":
                    low[key] = value
        for one in _named(low, names):
            for fun in functions:
                yield {**one, "fun": fun}


def _named(low: dict[str, Any], names: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield a chunk for each name, with what a name brings along."""
    if not names:
        yield deepcopy(low)
    for number, entry in enumerate(names, 1):
        one = deepcopy(low)
        one["name_order"] = number
        if isinstance(entry, dict):
            ((one["name"], more),) = entry.items()
            for each in more or ():
                one.update(each)
        else:
            one["name"] = entry
        yield one


def _number(raw: list[dict[str, Any]]) -> None:
    """Give each its place as a number."""
    cap = 1
    for low in raw:
        order = low.get("order")
        if isinstance(order, int) and order > cap - 1 and order > 0:
            cap = order + _GAP
    for low in raw:
        order = low.get("order", cap)
        if not isinstance(order, (int, float)):
            order = {"last": cap + _BEHIND, "first": 0}.get(str(order), cap)
        order += low.pop("name_order", 0) / 10_000.0
        low["written"] = order
        low["order"] = cap + _BEHIND + order if order < 0 else order


def _chunk(low: dict[str, Any]) -> Chunk:
    args = {key: value for key, value in low.items() if key not in (*_NOT_ARGUMENTS, "id", "sls", "env")}
    return Chunk(
        state=low["state"], fun=low["fun"], name=str(low["name"]), id=low["id"], sls=low["sls"], env=low["env"],
        args=args, order=low["order"], written=low["written"],
    )  # fmt: skip
