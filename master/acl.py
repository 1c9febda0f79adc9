"""Who may order what. Decided on the expanded list of minions, never on the expression.

1. Root and the user that runs the master may do everything.
2. Anybody else needs rules in `publisher_acl`: functions, with which arguments, on which minions. The call must
   fit a rule, and all minions that the target expands to must lie within the targets of the rules that fit it.
3. Keys, tokens, tags and runners are for those under 1 only.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from master.acl_rules import AclRule, Call
from master.intake import IntakeError
from master.roster import Roster
from shoal.targets import Target


@dataclass(frozen=True, slots=True)
class Caller:
    """A local user, as the kernel names the other end of the control socket."""

    uid: int
    pid: int

    @property
    def name(self) -> str:
        """The login name, or the number if there is none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return f"uid {self.uid}"

    @property
    def is_operator(self) -> bool:
        """True for root and for the master's own user."""
        return self.uid in (0, os.geteuid())


class Acl:
    """The rules of `publisher_acl`."""

    def __init__(self, rules: Mapping[str, tuple[AclRule, ...]], roster: Roster) -> None:
        self._rules = rules
        self._roster = roster

    @property
    def has_rules(self) -> bool:
        """True when others than operators may reach the socket."""
        return bool(self._rules)

    def check_operator(self, caller: Caller, what: str) -> None:
        """Raise IntakeError `denied` unless `caller` is an operator."""
        if not caller.is_operator:
            raise IntakeError("denied", f"{what}: only root and the master's own user may do this")

    def check_target(self, caller: Caller, target: Target) -> None:
        """Raise IntakeError `denied` where the answer would tell others than operators what is in pillar."""
        if not caller.is_operator and self._roster.reads_pillar(target):
            raise IntakeError("denied", "targets by pillar: only root and the master's own user may use them")

    def check_function(self, caller: Caller, fun: str) -> None:
        """Raise IntakeError `denied` unless `caller` may run `fun` on some minion at least.

        Asked before a target is looked at: whoever may do nothing does not learn which minions there are.
        """
        if not caller.is_operator:
            self._on_name(caller, fun)

    def check_run(self, caller: Caller, call: Call, minions: Collection[str]) -> None:
        """Raise IntakeError `denied` unless `caller` may do `call` on each of `minions`."""
        if caller.is_operator:
            return
        fun = call.fun
        fitting = [rule for rule in self._on_name(caller, fun) if rule.fits(call)]
        if not fitting:
            raise IntakeError("denied", f"user {caller.name} may not run {fun} with these arguments")
        outside = set(minions)
        for rule in fitting:
            outside.difference_update(self._roster.resolve(_rule_target(rule.target)).ids)
        if outside:
            shown = ", ".join(sorted(outside)[:5])
            raise IntakeError(
                "denied",
                f"user {caller.name} may not run {fun} on {shown} ({len(outside)} of {len(minions)} targets)",
            )

    def _on_name(self, caller: Caller, fun: str) -> list[AclRule]:
        user = caller.name
        rules = (*self._rules.get(user, ()), *self._rules.get("*", ()))
        fitting = [rule for rule in rules if rule.may_fit(fun)]
        if not fitting:
            raise IntakeError(
                "denied", f"user {user} may not run {fun}; see publisher_acl in the master's configuration"
            )
        return fitting


def _rule_target(text: str) -> Target:
    """A rule's target is compound: globs, and `G@…` and the like."""
    return Target(kind="compound", expr=text)
