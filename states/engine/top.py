"""`top.sls` of states: which SLS of which environment this box is to have.

Each environment may have a top file; what it says of itself goes before what others say of it, as in Salt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modules.context import Context
from shoal.errors import RenderError
from shoal.pillar.top import Section, matching, read_top
from shoal.targets import Facts
from states.engine.problem import CompileError, Problem
from states.engine.served import Served

TOP = "top"
Wanted = Mapping[str, Sequence[str]]


def wanted_by_top(ctx: Context, served: Served, only: str = "") -> dict[str, list[str]]:
    """Return what the top files give to this box: environment to SLS, in order. Raises CompileError, ModuleError."""
    sections: dict[str, list[Section]] = {}
    for env in [only] if only else ctx.files.envs():
        for each in _sections(ctx, served, env):
            if each.env == env or each.env not in sections:
                sections.setdefault(each.env, []).append(each)
    facts = Facts(id=ctx.minion_id, grains=ctx.grains, pillar=ctx.pillar, tags=ctx.tags)
    chosen = [each for env in sections for each in sections[env] if not only or env == only]
    return {env: [sls for sls, _ in names] for env, names in matching(chosen, facts).items()}


def _sections(ctx: Context, served: Served, env: str) -> list[Section]:
    try:
        source = served.find(env, TOP)
        if source is None:
            return []
        document = served.render(source, TOP, env)
        return read_top(document, source, ctx.settings.get("nodegroups", {}), may_match_pillar=True)
    except RenderError as error:
        text = f"rendering {TOP}.sls of {env} failed: {error.problem}"
        problem = Problem(text=text, file=error.file, line=error.line, lines=error.lines)
        raise CompileError([problem]) from None
