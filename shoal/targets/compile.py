"""From a target to a matcher: the one table of kinds and compound letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

from shoal.errors import TargetError
from shoal.targets.compound import parse_compound, read_term
from shoal.targets.data import compile_data
from shoal.targets.facts import Facts, Matcher, everyone, nobody
from shoal.targets.glob import compile_glob
from shoal.targets.ipcidr import compile_ipcidr
from shoal.targets.nodegroup import Nodegroups, expand_words
from shoal.targets.pcre import compile_pcre
from shoal.targets.target import KINDS, MAX_EXPR, Target, TermError


def compile_target(target: Target, nodegroups: Nodegroups | None = None, *, lenient: bool = False) -> Matcher:
    """Return a matcher for `target`: call it with the `Facts` of each minion.

    With `lenient`, a term that asks for nothing (`G@os`, `S@10.1`, `P@os:[`) matches nobody, as in Salt, so
    that `not G@os` matches everyone. Operators should get the error instead.

    Raises TargetError: the expression cannot be read or is over a bound; one line that shows the place.
    """
    if len(target.expr) > MAX_EXPR:
        raise TargetError(f"{target.kind} target is longer than {MAX_EXPR} characters: use a nodegroup")
    if target.kind not in ("compound", "nodegroup"):
        return _leaf(target.kind, target.expr, target.delimiter, lenient)
    words = target.expr.split() if target.kind == "compound" else [f"N@{target.expr}"]
    return parse_compound(
        expand_words(words, nodegroups or {}), lambda word: _term(word, lenient), lenient=lenient
    )


def _term(word: str, lenient: bool) -> Matcher:
    term = read_term(word)
    if term.letter in _REFUSED:
        raise TargetError(f"{word[:80]!r}: {_REFUSED[term.letter]}")
    return _leaf(_LETTERS[term.letter], term.pattern, term.delimiter, lenient)


def _leaf(kind: str, expr: str, delimiter: str, lenient: bool) -> Matcher:
    build = _BUILDERS.get(kind)
    if build is None:
        raise TargetError(f"unknown kind of target {kind[:40]!r}; known are {', '.join(KINDS)}")
    if not delimiter:
        raise TargetError(f"{kind} target {expr[:80]!r}: the delimiter is empty")
    try:
        return build(expr, delimiter)
    except TermError as error:
        # A broken regular expression on the id is an error for Salt, too.
        if lenient and kind != "pcre":
            return nobody
        raise TermError(f"{kind} target {error}") from None


def _glob(expr: str, _delimiter: str) -> Matcher:
    if expr == "*":
        return everyone
    test = compile_glob(expr)
    return lambda facts: test(facts.id)


def _pcre(expr: str, _delimiter: str) -> Matcher:
    test = compile_pcre(expr)
    return lambda facts: test(facts.id)


def _list(expr: str, _delimiter: str) -> Matcher:
    ids = frozenset(list_ids(expr))
    return lambda facts: facts.id in ids


def _ipcidr(expr: str, _delimiter: str) -> Matcher:
    return compile_ipcidr(expr)


def _tree(source: str, style: str) -> Callable[[str, str], Matcher]:
    tree: Callable[[Facts], Mapping[str, Any]] = attrgetter(source)

    def build(expr: str, delimiter: str) -> Matcher:
        found_in = compile_data(expr, delimiter, style)
        return lambda facts: found_in(tree(facts))

    return build


def list_ids(expr: str) -> list[str]:
    """Return the ids that a list target names, in its order. Spaces count, as in Salt."""
    return [word for word in expr.split(",") if word]


_BUILDERS: Final[Mapping[str, Callable[[str, str], Matcher]]] = {
    "glob": _glob,
    "pcre": _pcre,
    "list": _list,
    "ipcidr": _ipcidr,
    "grain": _tree("grains", "glob"),
    "grain_pcre": _tree("grains", "pcre"),
    "pillar": _tree("pillar", "glob"),
    "pillar_pcre": _tree("pillar", "pcre"),
    "pillar_exact": _tree("pillar", "exact"),
    "tag": _tree("tags", "glob"),
}
_LETTERS: Final = {
    "": "glob", "G": "grain", "P": "grain_pcre", "I": "pillar", "J": "pillar_pcre", "L": "list",
    "S": "ipcidr", "E": "pcre", "T": "tag",
}  # fmt: skip
_REFUSED: Final = {
    "R": "range expressions (R@) are not supported; use a list L@a,b or a regular expression E@...",
    "M": "managing minions (M@) are not supported; use the minion's id or a tag T@key:value",
}
