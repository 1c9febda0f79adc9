"""From the files of `pillar_roots` to the pillar of one box.

1. The top files of all environments (or of `pillarenv`) say which SLS the box gets.
2. Each SLS is rendered, with what it includes. Renderings are shared by boxes (`renderings.py`).
3. All of it is merged: environments in their order, the SLS of each in the top file's order, later ones over earlier.
4. What external sources gave goes below that with `ext_pillar_first`, else over it.

Everything that is wrong is collected; one error and there is no pillar. Blocking: for a thread of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from shoal.errors import RenderError
from shoal.files.digest import Digest
from shoal.files.names import BASE
from shoal.pillar.failure import PillarError
from shoal.pillar.includes import Include, read_includes
from shoal.pillar.inputs import Box, Inputs
from shoal.pillar.merged import Merged, MergedPillars, Part
from shoal.pillar.renderings import Rendered, Renderings
from shoal.pillar.top import Section, matching, read_top
from shoal.pillar.tree import PillarTree
from shoal.render.names import sls_files
from shoal.targets import Facts
from shoal.targets.nodegroup import Nodegroups

TOP: Final = "top.sls"
_MAX_SLS: Final = 2000  # of one box
_MAX_NESTING: Final = 32  # of includes
_MAX_ERRORS: Final = 100
_MAX_TOPS: Final = 200
_MAGIC: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What of the master's configuration decides how pillar is made."""

    strategy: str = "smart"
    merge_lists: bool = False
    external_first: bool = False
    pillarenv: str = ""
    nodegroups: Nodegroups = field(default_factory=dict)


class PillarCompiler:
    """See the module docstring. Not for several threads at once."""

    def __init__(self, folders: Mapping[str, Sequence[Path]], rules: Rules) -> None:
        self._rules = rules
        self._tree = PillarTree(folders)
        self._renderings = Renderings(self._tree, rules.nodegroups)
        self._merged = MergedPillars((rules.strategy, rules.merge_lists))
        self._tops: dict[int, list[Section]] = {}

    @property
    def counts(self) -> Counter[str]:
        """How often a file was read, rendered, parsed or shared, and a pillar merged; for tests and benchmarks."""
        return self._renderings.counts + self._merged.counts + Counter(read=self._tree.reads)

    def compile(self, box: Box, pillarenv: str = "") -> Merged:
        """Return the pillar of a box. Raises PillarError with everything that is wrong."""
        self._tree.look_again()
        work = self._work(box, pillarenv)
        parts = [part for env, names in work.top().items() for part in work.parts(env, names)]
        if not work.errors:
            try:
                return self._merged.get(parts, box.external, external_first=self._rules.external_first)
            except RenderError as error:
                work.errors.append(error)
        raise PillarError(box.id, work.errors)

    def top(self, box: Box, pillarenv: str = "") -> dict[str, list[str]]:
        """Return which SLS the top files give to a box, by environment. Raises PillarError."""
        self._tree.look_again()
        work = self._work(box, pillarenv)
        found = {env: [sls for sls, _ in names] for env, names in work.top().items()}
        if work.errors:
            raise PillarError(box.id, work.errors)
        return found

    def _work(self, box: Box, pillarenv: str) -> _Work:
        return _Work(self._tree, self._renderings, self._rules, self._tops, box, pillarenv)


class _Work:
    """The pillar of one box under way."""

    def __init__(
        self,
        tree: PillarTree,
        renderings: Renderings,
        rules: Rules,
        tops: dict[int, list[Section]],
        box: Box,
        pillarenv: str,
    ) -> None:
        self._tree = tree
        self._renderings = renderings
        self._rules = rules
        self._tops = tops
        self._box = box
        self._pillarenv = pillarenv or rules.pillarenv
        self._inputs: dict[str, Inputs] = {}
        self._names: dict[str, list[str]] = {}
        self._count = 0
        self.errors: list[RenderError] = []

    # ---------------------------------------------------------------- top file

    def top(self) -> dict[str, list[tuple[str, Section]]]:
        """Return the SLS of each environment that the box gets."""
        sections: list[Section] = []
        for env in self._envs():
            try:
                sections += self._sections(env)
            except RenderError as error:
                self.errors.append(error)
        facts = Facts(id=self._box.id, grains=self._box.grains, tags=self._box.tags)
        wanted = [each for each in sections if self._alone() in ("", each.env)]
        return matching(wanted, facts)

    def _alone(self) -> str:
        """Return the one environment that pillar is made from, "" if it is made from all."""
        return self._pillarenv or (BASE if self._rules.strategy == "none" else "")

    def _envs(self) -> list[str]:
        alone = self._alone()
        if alone and not self._tree.has_env(alone):
            self.errors.append(RenderError(f"pillar_roots have no environment {alone!r}"))
            return []
        return [alone] if alone else self._tree.envs()

    def _sections(self, env: str) -> list[Section]:
        source = self._tree.find(env, TOP)
        if source is None:
            return []
        rendered = self._renderings.get(env, source, "", self._inputs_of(env), {}, b"")
        if rendered.serial not in self._tops:
            if len(self._tops) >= _MAX_TOPS:
                self._tops.clear()
            self._tops[rendered.serial] = read_top(rendered.document, source, self._rules.nodegroups)
        return self._tops[rendered.serial]

    # --------------------------------------------------------------- SLS files

    def parts(self, env: str, names: Sequence[tuple[str, Section]]) -> list[Part]:
        """Return what the SLS that the top file names say."""
        found: list[Part] = []
        if not self._tree.has_env(env):
            self.errors.append(_at(names[0][1], f"pillar_roots have no environment {env!r}"))
            return found
        for pattern, section in names:
            try:
                for sls in self._expand(env, pattern):
                    part = self._part(env, Include(sls=sls), ())
                    if part is not None:
                        found.append(part)
            except _MissingError as error:
                if not section.ignore_missing or error.sls != pattern:
                    self._note(_at(section, str(error)))
            except RenderError as error:
                self._note(error)
        return found

    def _part(self, env: str, include: Include, above: tuple[Include, ...]) -> Part | None:
        """Return one SLS with what it includes, None for one that is being made already."""
        if include in above:
            return None
        if len(above) > _MAX_NESTING:
            raise RenderError(
                f"includes nest deeper than {_MAX_NESTING}: {' -> '.join(each.sls for each in above[:5])} …"
            )
        rendered = self._rendered(env, include)
        parts = []
        for each in read_includes(rendered, include.sls):
            try:
                for sls in self._expand(env, each.sls):
                    inner = Include(sls=sls, key=each.key, defaults=each.defaults)
                    part = self._part(env, inner, (*above, include))
                    if part is not None:
                        parts.append((each.key, part))
            except _MissingError as error:
                raise RenderError(f"'include': {error}", file=rendered.source.path) from None
            except RenderError as error:
                self._note(error)
        return Part(rendered, tuple(parts))

    def _rendered(self, env: str, include: Include) -> Rendered:
        self._count += 1
        if self._count > _MAX_SLS:
            raise RenderError(f"more than {_MAX_SLS} SLS for one box; do they include each other?")
        for name in sls_files(include.sls):
            source = self._tree.find(env, name)
            if source is not None:
                extra_key = Digest(repr(include.defaults).encode()).final() if include.defaults else b""
                inputs = self._inputs_of(env)
                return self._renderings.get(env, source, include.sls, inputs, include.defaults, extra_key)
        raise _MissingError(include.sls, env, self._all_names(env))

    def _expand(self, env: str, pattern: str) -> list[str]:
        if _MAGIC.isdisjoint(pattern):
            return [pattern]
        return [name for name in self._all_names(env) if fnmatchcase(name, pattern)]

    def _all_names(self, env: str) -> list[str]:
        if env not in self._names:
            self._names[env] = self._tree.sls_names(env)
        return self._names[env]

    def _inputs_of(self, env: str) -> Inputs:
        if env not in self._inputs:
            pillar: Mapping[str, Any] = self._box.external if self._rules.external_first else {}
            self._inputs[env] = Inputs(self._box, env, self._pillarenv, pillar)
        return self._inputs[env]

    def _note(self, error: RenderError) -> None:
        known = {str(each) for each in self.errors}
        if str(error) not in known and len(self.errors) < _MAX_ERRORS:
            self.errors.append(error)


class _MissingError(RenderError):
    """There is no such SLS."""

    def __init__(self, sls: str, env: str, names: Sequence[str]) -> None:
        import difflib  # only for the message

        near = difflib.get_close_matches(sls, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        super().__init__(f"SLS {sls!r} is not available in environment {env!r}{hint}")
        self.sls = sls


def _at(section: Section, problem: str) -> RenderError:
    return RenderError(problem, file=section.file, line=section.line)
