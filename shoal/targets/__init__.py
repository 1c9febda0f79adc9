"""Who is meant: target expressions, read once and then asked of many minions.

`compile_target(Target(kind="compound", expr="G@os:Debian and not web*"), nodegroups)` gives a matcher;
`matcher(facts)` says whether the minion known by `facts` is meant. Master and minion use the same code, so
they cannot disagree. Answers are those of Salt 3008.3 (tests/cases/targets).

This room never:
- looks at a socket, a file, a clock or the master: facts and nodegroups come in;
- raises anything but `TargetError` for an expression, however odd (and `WireError` in `from_wire`);
- lets an expression take unbounded time or memory: every size has a maximum.
"""

from __future__ import annotations

from shoal.targets.compile import compile_target, list_ids
from shoal.targets.facts import Facts, Matcher
from shoal.targets.hint import hints, reads_pillar
from shoal.targets.target import KINDS, MAX_EXPR, Target, TermError

__all__ = [
    "KINDS",
    "MAX_EXPR",
    "Facts",
    "Matcher",
    "Target",
    "TermError",
    "compile_target",
    "hints",
    "list_ids",
    "reads_pillar",
]
