"""Which of several programs a generic name such as `editor` means."""

from __future__ import annotations

from typing import Any

from modules.alternatives import links
from modules.alternatives.group import Group
from modules.context import Context
from states.declare import state
from states.plan import Call, Plan, Step, call, failed, unchanged


@state
def install(ctx: Context, name: str, link: str, path: str, priority: int) -> Plan:
    """Let a program be an alternative of a name, with this priority.

    Example:

        editor:
          alternatives.install:
            - link: /usr/bin/editor
            - path: /usr/bin/vim.basic
            - priority: 50
    """
    group = links.group_of(name)
    had = {each.path: each.priority for each in group.alternatives} if group else {}
    if had.get(path) == priority:
        return unchanged(f"Alternative {path} for {name} is already registered")
    if path in had:
        undo = call(links.install, name=name, link=link, path=path, priority=had[path])
    else:
        undo = call(links.remove, name=name, path=path)
    return Plan(
        steps=(Step(do=call(links.install, name=name, link=link, path=path, priority=priority), undo=undo),),
        changes={"name": name, "link": link, "path": path, "priority": priority},
        would="Alternative will be added" if path not in had else "Alternative will be updated",
        did=f"Setting alternative for {name} to {path} with priority {priority}",
    )


@state
def remove(ctx: Context, name: str, path: str) -> Plan:
    """Let a program be no alternative of a name.

    Example:

        editor:
          alternatives.remove:
            - path: /usr/bin/vim.basic
    """
    group = links.group_of(name)
    found = next((each for each in group.alternatives if each.path == path), None) if group else None
    if group is None or found is None:
        return unchanged(f"Alternative for {name} doesn't exist")
    do = call(links.remove, name=name, path=path)
    if found.slaves or not group.link:
        back: dict[str, Any] = {"final": "its slave links are not kept"}
    elif group.status == "manual" and group.value == path:
        back = {"final": "it was the one chosen by hand"}
    else:
        back = {"undo": call(links.install, name=name, link=group.link, path=path, priority=found.priority)}
    return Plan(
        steps=(Step(do=do, **back),),
        changes={"path": path},
        would=f"Alternative for {name} will be removed",
        did=f"Alternative for {name} removed",
    )


@state
def set_(ctx: Context, name: str, path: str) -> Plan:
    """Let a name mean this program until told otherwise. It must be an alternative of the name.

    Example:

        editor:
          alternatives.set:
            - path: /usr/bin/vim.basic
    """
    group = links.group_of(name)
    if group is None or not any(each.path == path for each in group.alternatives):
        return failed(
            f"Alternative {path} for {name} doesn't exist",
            would=f"Alternative {path} for {name} doesn't exist yet",
        )
    if group.value == path and group.status == "manual":
        return unchanged(f"Alternative for {name} already set to {path}")
    return Plan(
        steps=(Step(do=call(links.set_, name=name, path=path), undo=_choice(group)),),
        changes={"path": path},
        would=f"Alternative for {name} will be set to path {path}",
        did=f"Alternative for {name} set to path {path}",
    )


@state
def auto(ctx: Context, name: str) -> Plan:
    """Let a name mean its best alternative.

    Example:

        editor:
          alternatives.auto
    """
    group = links.group_of(name)
    if group is None:
        return failed(f"{name}: the box has no alternatives of that name")
    if group.status == "auto":
        return unchanged(f"{name} already in auto mode")
    return Plan(
        steps=(Step(do=call(links.auto, name=name), undo=_choice(group)),),
        changes={"result": {"old": group.value, "new": group.best}},
        would=f"{name} will be put in auto mode",
        did=f"{name} is in auto mode",
    )


def _choice(group: Group) -> Call:
    """Return the call that leads to what is chosen now."""
    if group.status == "auto":
        return call(links.auto, name=group.name)
    return call(links.set_, name=group.name, path=group.value)
