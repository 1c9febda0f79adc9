"""Remarks on compound expressions that are legal, and mean something else than they seem to.

Salt's reading of them is kept (see `compound.py` and `nodegroup.py`), so the operator should be told before a job goes
to the wrong minions.
"""

from __future__ import annotations

from shoal.targets.compound import OPERATORS, read_term
from shoal.targets.nodegroup import Nodegroups, expand_words, group_words
from shoal.targets.target import Target


def hints(target: Target, nodegroups: Nodegroups | None = None) -> list[str]:
    """Return one line for each doubtful word of `target`, which must compile; none if it is not compound."""
    if target.kind != "compound":
        return []
    words = ["", *target.expr.split(), ""]
    result = []
    for before, word, after in zip(words, words[1:], words[2:], strict=False):
        term = read_term(word)
        if not term.letter and _has_glued_parenthesis(word):
            result.append(f"{word[:80]!r} is read as a minion id: put spaces around each parenthesis")
        if term.letter == "N" and (before in ("and", "not") or after in ("and", "not")):
            inner = group_words(term.pattern, nodegroups or {})
            if OPERATORS.intersection(inner) and not any(read_term(part).letter == "N" for part in inner):
                result.append(f"{word[:80]!r} is put in place without parentheses: write ( {word[:80]} )")
    return result


def reads_pillar(target: Target, nodegroups: Nodegroups | None = None) -> bool:
    """Say whether pillar decides who `target` means. Raises TargetError when a nodegroup cannot be read."""
    if target.kind not in ("compound", "nodegroup"):
        return target.kind.startswith("pillar")
    words = target.expr.split() if target.kind == "compound" else [f"N@{target.expr}"]
    return any(read_term(word).letter in ("I", "J") for word in expand_words(words, nodegroups or {}))


def _has_glued_parenthesis(word: str) -> bool:
    return word not in OPERATORS and (word.startswith("(") or (word.endswith(")") and "(" not in word))
