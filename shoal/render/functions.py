"""What `salt['module.function']` is in a template: pure functions over what the box is known by.

`pure_functions` are those that need no box: pillar has only these. A box adds its execution modules to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import RenderError
from shoal.lookup import MISSING, filter_by, traverse
from shoal.merge import STRATEGIES, merge, recurse
from shoal.targets import Facts, Target, compile_target
from shoal.targets.nodegroup import Nodegroups

_MATCHERS: Final = ("glob", "pcre", "list", "grain", "grain_pcre", "ipcidr", "compound", "tag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a template may know of the box it is rendered for."""

    id: Callable[[], str]
    grains: Mapping[str, Any]
    pillar: Mapping[str, Any]
    tags: Mapping[str, Any]
    opts: Mapping[str, Any]
    nodegroups: Nodegroups = field(default_factory=dict)


class Functions(Mapping[str, Callable[..., Any]]):
    """Functions by full name; `salt.module.function` works too."""

    def __init__(self, functions: Mapping[str, Callable[..., Any]]) -> None:
        self._functions = functions

    def __getitem__(self, name: str) -> Callable[..., Any]:
        found = self._functions.get(name)
        if found is None:
            raise RenderError(
                f"there is no function {str(name)[:80]!r} for templates here{self._near(str(name))}"
            )
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._functions

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __getattr__(self, module: str) -> _Module:
        if module.startswith("_"):
            raise AttributeError(module)
        return _Module(self, module)

    def _near(self, name: str) -> str:
        import difflib  # only for the message

        near = difflib.get_close_matches(name, self._functions, 1)
        return f"; did you mean {near[0]!r}?" if near else ""


class _Module:
    """One module of `Functions`, for `salt.module.function`."""

    def __init__(self, functions: Functions, name: str) -> None:
        self._functions = functions
        self._name = name

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._functions[f"{self._name}.{name}"]


def pure_functions(known: Known) -> dict[str, Callable[..., Any]]:
    """Return the functions that need no box."""
    return {
        **_looking_up("grains", known.grains),
        **_looking_up("tags", known.tags),
        "grains.filter_by": lambda table, grain="os_family", merge=None, default="default", base="": (
            filter_by(table, traverse(known.grains, grain, []), default=default, base=base, merge=merge)
        ),
        **_pillar(known.pillar),
        "config.get": lambda key, default="", delimiter=":", **_kw: _config(known, key, default, delimiter),
        **_merging(),
        **{f"match.{kind}": _matcher(kind, known) for kind in _MATCHERS},
    }


def _looking_up(module: str, data: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    def get(key: str, default: Any = "", delimiter: str = ":", **_kw: Any) -> Any:
        return traverse(data, key, default, delimiter)

    def item(*names: str, default: Any = "", delimiter: str = ":") -> dict[str, Any]:
        return {name: traverse(data, name, default, delimiter) for name in names}

    return {
        f"{module}.get": get,
        f"{module}.item": item,
        f"{module}.items": lambda: dict(data),
        f"{module}.ls": lambda: sorted(data),
        f"{module}.has_value": lambda key, delimiter=":": bool(traverse(data, key, "", delimiter)),
        f"{module}.equals": lambda key, value: str(traverse(data, key, "")) == str(value),
    }


def _pillar(pillar: Mapping[str, Any]) -> dict[str, Callable[..., Any]]:
    def get(
        key: str, default: Any = "", merge: bool = False, merge_nested_lists: Any = None, **options: Any
    ) -> Any:
        found = traverse(pillar, key, MISSING, options.get("delimiter", ":"))
        if merge and isinstance(default, Mapping) and isinstance(found, Mapping):
            return deepcopy(recurse(default, found, merge_lists=bool(merge_nested_lists)))
        return default if found is MISSING else found

    shared = _looking_up("pillar", pillar)
    return {
        "pillar.get": get,
        **{name: shared[name] for name in ("pillar.item", "pillar.items", "pillar.ls")},
    }


def _config(known: Known, key: str, default: Any, delimiter: str) -> Any:
    """Look a key up where `config.get` looks, in its order."""
    for place in (known.opts, known.grains, known.pillar):
        found = traverse(place, key, MISSING, delimiter)
        if found is not MISSING:
            return found
    return default


def _merging() -> dict[str, Callable[..., Any]]:
    return {
        "slsutil.merge": slsutil_merge,
        "slsutil.merge_all": _merge_all,
        "slsutil.update": lambda dest, upd, recursive_update=True, merge_lists=False: slsutil_merge(
            dest, upd, "recurse" if recursive_update else "overwrite", merge_lists=merge_lists
        ),
        "slsutil.boolstr": lambda value, true="true", false="false": true if value else false,
        "defaults.merge": _defaults_merge,
        "defaults.update": _defaults_update,
        "defaults.deepcopy": deepcopy,
    }


def slsutil_merge(
    obj_a: Mapping[str, Any], obj_b: Mapping[str, Any], strategy: str = "smart", renderer: str = "yaml",
    merge_lists: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Return one map over another. Raises RenderError for an unknown strategy."""
    if strategy not in STRATEGIES:
        raise RenderError(f"no strategy {strategy!r}; there are {', '.join(STRATEGIES)}")
    if strategy == "smart" and "yamlex" in renderer:
        strategy = "aggregate"
    return deepcopy(merge(obj_a, obj_b, strategy, merge_lists=merge_lists))


def _merge_all(
    lst: list[Any], strategy: str = "smart", renderer: str = "yaml", merge_lists: bool = False
) -> Any:
    result: dict[str, Any] = {}
    for each in lst:
        result = slsutil_merge(result, each, strategy, renderer, merge_lists)
    return result


def _defaults_merge(
    dest: dict[str, Any], src: Mapping[str, Any], merge_lists: bool = False, in_place: bool = True, **_kw: Any
) -> dict[str, Any]:
    made = deepcopy(recurse(dest, src, merge_lists=merge_lists))
    if not in_place:
        return made
    dest.clear()
    dest.update(made)
    return dest


def _defaults_update(
    dest: dict[str, Any], defaults: Mapping[str, Any], merge_lists: bool = True, **_kw: Any
) -> Any:
    """Lay `defaults` below each map of `dest`."""
    for key, value in dest.items():
        dest[key] = deepcopy(recurse(defaults, value, merge_lists=merge_lists))
    return dest


def _matcher(kind: str, known: Known) -> Callable[..., bool]:
    def matches(tgt: str, delimiter: str = ":", **_kw: Any) -> bool:
        matcher = compile_target(Target(kind=kind, expr=str(tgt), delimiter=delimiter), known.nodegroups)
        return matcher(Facts(id=known.id(), grains=known.grains, tags=known.tags))

    return matches
