"""Kernel modules: loaded now, and with `persist` at each start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from modules.context import Context
from modules.kmod import loaded, start_lists
from states.declare import state
from states.folder_steps import folder_steps
from states.plan import Plan, Step, call, unchanged
from states.text_steps import TextSteps


@state
def present(ctx: Context, name: str, persist: bool = False, mods: list[str] | None = None) -> Plan:
    """Let a kernel module, or all of `mods`, be loaded; with `persist` at each start too.

    One that is built into the kernel counts as loaded.

    Example:

        br_netfilter:
          kmod.present:
            - persist: true
    """
    wanted = sorted(set(mods or [name]))
    steps: list[Step] = []
    lines = TextSteps(start_lists.LOAD_FILE)
    missing = []
    for mod in wanted:
        runs = loaded.is_loaded(ctx, mod) or loaded.is_builtin(ctx, mod)
        at_start = not persist or start_lists.is_at_start(mod)
        if not runs:
            steps.append(Step(do=call(loaded.load, mod=mod), undo=call(loaded.remove, mod=mod)))
        if not at_start:
            lines.add(call(loaded.load, mod=mod, persist=True), start_lists.with_start(lines.text, mod))
        if not (runs and at_start):
            missing.append(mod)
    there = [mod for mod in wanted if mod not in missing]
    already = [_told(there, "Kernel module {} is already present", "Kernel modules {} are already present")]
    if not missing:
        return unchanged(already[0])
    would = _told(missing, "Kernel module {} is set to be loaded", "Kernel modules {} are set to be loaded")
    did = _told(missing, "Loaded kernel module {}", "Loaded kernel modules {}")
    already = already if there else []
    return Plan(
        steps=(*steps, *_folder(lines), *lines.all()),
        changes=dict.fromkeys(missing, "loaded"),
        would="\n".join([*already, would]),
        did="\n".join([*already, did]),
    )


@state
def absent(
    ctx: Context, name: str, persist: bool = False, comment: bool = True, mods: list[str] | None = None
) -> Plan:
    """Let a kernel module, or all of `mods`, not be loaded; with `persist` at no start either.

    With `comment` its lines in files are commented out, else removed.

    Example:

        pcspkr:
          kmod.absent:
            - persist: true
    """
    wanted = sorted(set(mods or [name]))
    steps: list[Step] = []
    for mod in wanted:
        if loaded.is_loaded(ctx, mod):
            steps.append(Step(do=call(loaded.remove, mod=mod), undo=call(loaded.load, mod=mod)))
    if persist:
        steps += _off_lists(wanted, comment=comment)
    leaving = [
        mod for mod in wanted if loaded.is_loaded(ctx, mod) or (persist and start_lists.is_at_start(mod))
    ]
    if not leaving:
        return unchanged(
            _told(wanted, "Kernel module {} is already removed", "Kernel modules {} are already removed")
        )
    return Plan(
        steps=tuple(steps),
        changes=dict.fromkeys(leaving, "removed"),
        would=_told(
            leaving, "Kernel module {} is set to be removed", "Kernel modules {} are set to be removed"
        ),
        did=_told(leaving, "Removed kernel module {}", "Removed kernel modules {}"),
    )


def _off_lists(mods: Sequence[str], *, comment: bool) -> list[Step]:
    """Return steps that take modules off the lists.

    One for each list that has the module; the last one changes all of them, when all ways back are known.
    """
    lists = [TextSteps(file) for file in start_lists.start_files()]
    steps: list[Step] = []
    for mod in mods:
        do = call(loaded.remove, mod=mod, persist=True, comment=comment)
        fresh: list[Step] = []
        for each in lists:
            many = len(each.all())
            each.add(do, start_lists.without_start(each.text, mod, comment=comment))
            fresh += each.all()[many:]
        look = call(loaded.is_loaded, mod=mod)
        steps += [replace(step, do=look) for step in fresh[:-1]] + fresh[-1:]
    return steps


def _folder(lines: TextSteps) -> tuple[Step, ...]:
    return folder_steps(Path(start_lists.LOAD_FILE).parent) if lines.all() else ()


def _told(mods: Sequence[str], one: str, several: str) -> str:
    return (one if len(mods) == 1 else several).format(", ".join(mods))
