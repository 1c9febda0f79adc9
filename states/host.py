"""Entries of the hosts file: names that an address has, has not, or has alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field

from modules.context import Context
from modules.hosts import entries
from modules.hosts.table import Table, same_ip
from shoal.errors import ArgumentError
from states.declare import state
from states.plan import Call, Plan, call, unchanged
from states.text_steps import TextSteps


@state
def present(ctx: Context, name: str, ip: str | list[str], comment: str = "", clean: bool = False) -> Plan:
    """Let a name stand for an address, or for each of several.

    With `clean` it stands for no other address. `comment` is put behind the line of each address.

    Example:

        web1:
          host.present:
            - ip: 10.1.2.3
            - clean: true
    """
    change = _Change()
    wanted = [_address(each) for each in dict.fromkeys(_listed(ip))]
    holders = dict.fromkeys(line.ip for line in change.table.entries() if _has(line.names, name))
    others = [each for each in holders if not any(same_ip(each, one) for one in wanted)]
    for each in wanted:
        change.present(name, each)
    for each in others if clean else ():
        change.removed(name, each)
    for each in wanted if comment else ():
        change.commented(each, comment.strip())
    return change.plan(() if clean else tuple(_warning(name, each) for each in others))


@state
def absent(ctx: Context, name: str, ip: str | list[str]) -> Plan:
    """Let a name not stand for an address, or for any of several.

    Example:

        old-web:
          host.absent:
            - ip: 10.1.2.3
    """
    change = _Change()
    for each in _listed(ip):
        if not _has(change.table.names(each), name):
            change.say(f"Host {name} ({each}) already absent")
            continue
        change.lost(name, each)
        change.changes["host"] = name
    return change.plan()


@state
def only(ctx: Context, name: str, hostnames: str | list[str]) -> Plan:
    """Let an address have exactly these names; without any it has no line.

    Example:

        10.1.2.3:
          host.only:
            - hostnames:
              - web1
              - web1.example.org
    """
    change = _Change()
    wanted = [word for each in _listed(hostnames) for word in each.split()]
    old, new = " ".join(change.table.names(_address(name))), " ".join(wanted)
    if old == new:
        return unchanged(f'IP address {name} already set to "{new}"')
    change.say(
        f'Would change {name} from "{old}" to "{new}"', f'successfully changed {name} from "{old}" to "{new}"'
    )
    change.changes[name] = {"old": old, "new": new}
    do = call(entries.set_host, ip=name, alias=wanted)
    change.make(do, lambda table: table.set(name, tuple(dict.fromkeys(wanted)), None))
    return change.plan()


@dataclass(slots=True)
class _Change:
    """What is to be done to the file, and what is told of it."""

    steps: TextSteps = field(default_factory=lambda: TextSteps(entries.HOSTS))
    changes: dict[str, object] = field(default_factory=dict)
    would: list[str] = field(default_factory=list)
    did: list[str] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """The file as the steps so far leave it."""
        return Table.parse(self.steps.text)

    def make(self, do: Call, change: Callable[[Table], Table]) -> None:
        """Add a call that makes of the table what `change` makes of it."""
        before = self.table
        after = change(before)
        if after != before:
            self.steps.add(do, after.text())

    def say(self, would: str, did: str = "") -> None:
        """Add a line to the comments."""
        self.would.append(would)
        self.did.append(did or would)

    def present(self, name: str, ip: str) -> None:
        """Let `ip` have `name`."""
        if _has(self.table.names(ip), name):
            self.say(f"Host {name} ({ip}) already present")
            return
        self.say(f"Host {name} ({ip}) would be added", f"Added host {name} ({ip})")
        self._note("added", ip, name)
        self.make(call(entries.add_host, ip=ip, alias=name), lambda table: table.add(ip, (name,)))

    def removed(self, name: str, ip: str) -> None:
        """Let `ip`, which has `name`, lose it."""
        self.say(f"Host {name} ({ip}) would be removed", f"Removed host {name} ({ip})")
        self._note("removed", ip, name)
        self._lose(name, ip)

    def lost(self, name: str, ip: str) -> None:
        """As `removed`, in the words of `absent`."""
        self.say(f"Host {name} ({ip}) needs to be removed", f"Removed host {name} ({ip})")
        self._lose(name, ip)

    def _lose(self, name: str, ip: str) -> None:
        self.make(call(entries.rm_host, ip=ip, alias=name), lambda table: table.remove(ip, name))

    def commented(self, ip: str, comment: str) -> None:
        """Let the lines of `ip` have this comment."""
        if all(line.comment == comment for line in self.table.entries() if same_ip(line.ip, ip)):
            return
        self.say(f"Comment for {ip} ({comment}) would be added", f"Set comment for host {ip} ({comment})")
        self._note("comment_added", ip, comment)
        do = call(entries.set_comment, ip=ip, comment=comment)
        self.make(do, lambda table: table.comment(ip, comment))

    def plan(self, warnings: tuple[str, ...] = ()) -> Plan:
        """Return the plan."""
        return Plan(
            steps=self.steps.all(),
            changes=self.changes,
            would="\n".join(self.would),
            did="\n".join(self.did),
            warnings=warnings,
        )

    def _note(self, kind: str, ip: str, what: str) -> None:
        noted = self.changes.setdefault(kind, {})
        assert isinstance(noted, dict)
        noted[ip] = [what]


def _warning(name: str, ip: str) -> str:
    return (
        f"Host {name} present for IP address {ip}. To get rid of this warning, either run this state with 'clean' "
        f"set to True to remove {name} from {ip}, or add {ip} to the 'ip' argument."
    )


def _address(ip: str) -> str:
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        raise ArgumentError(f"{ip!r} is not an IP address") from None
    return ip


def _has(names: list[str] | tuple[str, ...], name: str) -> bool:
    return name.lower() in map(str.lower, names)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
