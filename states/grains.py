"""What the box says of itself, as far as its grains file says it.

A grain is looked up in the file first and in the run's own grains second. A name such as `site:rack` looks into nested
grains. Comments in the file are lost by a change, and are there again after the way back.
"""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.grains import writing
from modules.grains.grains_file import GrainsFile
from modules.grains.nested import GONE, whole
from shoal.lookup import MISSING, traverse
from shoal.wire import plain
from states.declare import state
from states.plan import Plan, call, failed, unchanged
from states.text_steps import TextSteps


@state
def present(ctx: Context, name: str, value: Any, delimiter: str = ":", force: bool = False) -> Plan:
    """Let a grain have this value. A map or list is replaced, or put in a simple value's place, only with `force`.

    Example:

        role:
          grains.present:
            - value: web
    """
    grain = _Grain(ctx, name, delimiter)
    if grain.there and grain.value == value and type(grain.value) is type(value):
        return unchanged("Grain is already set")
    if not force:
        writing.check_shape(name, grain.value if grain.there else None, value)
    return grain.becomes(
        value,
        would=f"Grain {name} is set to be {'changed' if grain.there else 'added'}",
        did=f"Set grain {name} to {value}",
        force=force,
    )


@state
def exists(ctx: Context, name: str, delimiter: str = ":") -> Plan:
    """Look whether there is a grain; nothing is changed.

    Example:

        role:
          grains.exists
    """
    there = _Grain(ctx, name, delimiter).there
    return unchanged("Grain exists") if there else failed("Grain does not exist")


@state
def list_present(ctx: Context, name: str, value: Any, delimiter: str = ":") -> Plan:
    """Have a value, or each of several, in a grain that is a list.

    Example:

        roles:
          grains.list_present:
            - value:
              - web
              - db
    """
    grain = _Grain(ctx, name, delimiter)
    if grain.there and not isinstance(grain.value, list):
        return failed(f"Grain {name} is not a valid list")
    items = grain.value if grain.there else []
    wanted = value if isinstance(value, list) else [value]
    missing: list[Any] = []
    missing += [each for each in wanted if each not in items and each not in missing]
    if not missing:
        return unchanged(f"Value {value} is already in grain {name} (or pending)")
    told: Any = missing if isinstance(value, list) else value
    known = [each for each in wanted if each in items]
    said = (
        f'Removed value {known} from update due to value found in "{name}" (or pending).\n' if known else ""
    )
    would = f"Value {told} is set to be appended to grain {name}"
    return grain.becomes(
        [*items, *missing],
        would=would if grain.there else f"Grain {name} is set to be added",
        did=f"{said}Append value {told} to grain {name}",
        under="new",
    )


@state
def list_absent(ctx: Context, name: str, value: Any, delimiter: str = ":") -> Plan:
    """Have a value, or each of several, not in a grain that is a list.

    Example:

        roles:
          grains.list_absent:
            - value: db
    """
    grain = _Grain(ctx, name, delimiter)
    if not grain.there:
        return unchanged(f"Grain {name} does not exist")
    if not isinstance(grain.value, list):
        return failed(f"Grain {name} is not a valid list")
    gone, would, did = [], [], []
    for each in value if isinstance(value, list) else [value]:
        if each not in grain.value:
            would.append(f"Value {each} is absent from grain {name}")
            did.append(would[-1])
            continue
        gone.append(each)
        would.append(f"Value {each} in grain {name} is set to be deleted")
        did.append(f"Value {each} was deleted from grain {name}")
    if not gone:
        return unchanged("\n".join(did))
    return grain.becomes(
        [each for each in grain.value if each not in gone],
        would="\n".join(would),
        did="\n".join(did),
        changes={"deleted": gone},
    )


@state
def append(ctx: Context, name: str, value: Any, convert: bool = False, delimiter: str = ":") -> Plan:
    """Have a value in a grain that is a list already; with `convert` another grain becomes one.

    Example:

        roles:
          grains.append:
            - value: web
    """
    grain = _Grain(ctx, name, delimiter)
    if not grain.there:
        return failed(f"Grain {name} does not exist")
    is_list = isinstance(grain.value, list)
    if not is_list and not convert:
        return failed(f"Grain {name} is not a valid list")
    items = grain.value if is_list else [grain.value]
    if value in items:
        return unchanged(f"Value {value} is already in the list for grain {name}")
    would = f"Value {value} in grain {name} is set to be added"
    return grain.becomes(
        [*items, value],
        would=would
        if is_list
        else f"Grain {name} is set to be converted to list and value {value} will be added",
        did=f"Value {value} was added to grain {name}",
        changes={"added": value},
    )


@state
def absent(
    ctx: Context, name: str, destructive: bool = False, delimiter: str = ":", force: bool = False
) -> Plan:
    """Empty a grain (null), or with `destructive` take it out of the grains file; a map or list only with `force`.

    What the box finds out by itself is not in the file and cannot be taken out, only emptied.

    Example:

        old_role:
          grains.absent:
            - destructive: true
    """
    grain = _Grain(ctx, name, delimiter)
    if not grain.there or (grain.value is None and not destructive):
        return unchanged(f"Grain {name} does not exist" if not grain.there else "Grain is already set")
    if destructive and not grain.in_file:
        return unchanged(f"Grain {name} is not in the grains file")
    if not force:
        writing.check_shape(name, grain.value, None)
    if destructive:
        return grain.becomes(
            GONE,
            would=f"Grain {name} is set to be deleted",
            did=f"Grain {name} was deleted",
            changes={"deleted": name},
            force=force,
        )
    return grain.becomes(
        None,
        would=f"Value for grain {name} is set to be deleted (None)",
        did=f"Value for grain {name} was set to None",
        changes={"grain": name, "value": None},
        force=force,
    )


class _Grain:
    """A grain as it is by now, in the file or else in the run's own grains."""

    def __init__(self, ctx: Context, name: str, delimiter: str) -> None:
        self._file = GrainsFile.of(ctx)
        self._filed = self._file.read()
        self._known = {**ctx.grains, **self._filed}
        self._name, self._delimiter = name, delimiter
        self.value = traverse(self._known, name, MISSING, delimiter)
        self.there = self.value is not MISSING
        self.in_file = traverse(self._filed, name, MISSING, delimiter) is not MISSING

    def becomes(
        self,
        value: Any,
        *,
        would: str,
        did: str,
        changes: dict[str, Any] | None = None,
        under: str = "",
        force: bool = False,
    ) -> Plan:
        """Return the plan that gives the grain a value, told as `changes`, or as it is then, below the key `under`."""
        top, new = whole(self._known, self._name, value, self._delimiter, force=force)
        steps = TextSteps(self._file.path, writing.put_back)
        if new is GONE:
            left = {key: each for key, each in self._filed.items() if key != top}
            do = call(writing.delkey, key=top, force=True, delimiter=self._delimiter)
        else:
            new = plain(new)
            left = {**self._filed, top: new}
            do = call(writing.setvals, grains={top: new})
        steps.add(do, self._file.text(left))
        told = {top: new}
        return Plan(
            steps=steps.all(),
            changes=changes or ({under: told} if under else told),
            would=would,
            did=did,
        )
