"""Pillar's top file: which SLS which boxes get.

    base:
      '*': [common]
      'site:paris':
        - match: tag
        - sites.paris
        - ignore_missing: True

A target is matched by the box's id, the grains it reports and the tags that an operator gave it. Tags can be trusted,
grains are the box's own word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import RenderError, TargetError
from shoal.render.source import Source, lines_around
from shoal.render.yaml import Document
from shoal.targets import Facts, Matcher, Target, compile_target, reads_pillar
from shoal.targets.nodegroup import Nodegroups

_KINDS: Final = (
    "glob", "pcre", "list", "grain", "grain_pcre", "ipcidr", "nodegroup", "compound", "tag",
)  # fmt: skip
_BY_PILLAR: Final = ("pillar", "pillar_pcre", "pillar_exact")
_PILLAR: Final = "pillar cannot decide what pillar is: match by id, tag or grain"
_OPTIONS: Final = frozenset({"match", "ignore_missing", "delimiter"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One target of the top file. `place` is its line, for messages."""

    env: str
    matcher: Matcher
    sls: tuple[str, ...]
    ignore_missing: bool
    file: str
    line: int


def read_top(
    document: Document, source: Source, nodegroups: Nodegroups, *, may_match_pillar: bool = False
) -> list[Section]:
    """Return the sections of a top file in their order; pillar can match in that of states only.

    Raises:
        RenderError: with the line.
    """
    tree = document.value
    if not isinstance(tree, dict):
        raise _error("a top file is a map of environments, each a map of targets to lists", source, 1)
    sections: list[Section] = []
    for env, targets in tree.items():
        line = document.lines.get((env,), 0)
        if not isinstance(env, str) or not isinstance(targets, dict):
            raise _error(f"{env!r}: an environment is a map of targets to lists of SLS", source, line)
        for expr, items in targets.items():
            line = document.lines.get((env, expr), 0)
            sections.append(_section(env, str(expr), items, source, line, nodegroups, may_match_pillar))
    return sections


def _section(
    env: str, expr: str, items: Any, source: Source, line: int, nodegroups: Nodegroups, pillar: bool
) -> Section:
    names, options = _split([items] if isinstance(items, str) else items, expr, source, line)
    kind = str(options.get("match", "glob"))
    if kind.startswith("pillar") and not pillar:
        raise _error(f"target {expr!r}: {_PILLAR}", source, line)
    if kind not in (*_KINDS, *(_BY_PILLAR if pillar else ())):
        why = "; a box's data store is not known to the master" if kind == "data" else ""
        raise _error(
            f"target {expr!r}: 'match: {kind}': one of {', '.join(_KINDS)} expected{why}", source, line
        )
    target = Target(kind=kind, expr=expr, delimiter=str(options.get("delimiter", ":")) or ":")
    try:
        if not pillar and reads_pillar(target, nodegroups):
            raise TargetError(_PILLAR)
        matcher = compile_target(target, nodegroups)
    except TargetError as error:
        raise _error(f"target {expr[:200]!r}: {error}", source, line) from None
    return Section(
        env=env,
        matcher=matcher,
        sls=tuple(names),
        ignore_missing=options.get("ignore_missing") is True,
        file=source.path,
        line=line,
    )


def _split(items: Any, expr: str, source: Source, line: int) -> tuple[list[str], Mapping[str, Any]]:
    if not isinstance(items, list):
        raise _error(f"target {expr!r}: a list of SLS expected, got {type(items).__name__}", source, line)
    names: list[str] = []
    options: dict[str, Any] = {}
    for item in items:
        if isinstance(item, dict) and set(item) <= _OPTIONS:
            options.update(item)
        elif isinstance(item, (str, int, float)) and not isinstance(item, bool):
            names.append(str(item))
        else:
            raise _error(
                f"target {expr!r}: the name of an SLS expected, got {str(item)[:80]!r}", source, line
            )
    return names, options


def matching(sections: list[Section], facts: Facts) -> dict[str, list[tuple[str, Section]]]:
    """Return for each environment the SLS that a box gets, each once, in order."""
    found: dict[str, dict[str, Section]] = {}
    for section in sections:
        if section.matcher(facts):
            names = found.setdefault(section.env, {})
            for sls in section.sls:
                names.setdefault(sls, section)
    return {env: list(names.items()) for env, names in found.items()}


def _error(problem: str, source: Source, line: int) -> RenderError:
    return RenderError(problem, file=source.path, line=line, lines=lines_around(source.text, line))
