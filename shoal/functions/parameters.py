"""What a function takes, read once from its `def`: names, types, defaults, in the operator's spelling.

The first parameter is the context and is not shown. A parameter whose type is a dataclass is a bundle: each
field is a keyword of the function (`cmd.run 'ls' cwd=/tmp timeout=5`), so that Python code has one value to
hand on and the operator has flat names.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, get_type_hints

from shoal.functions import kinds

REQUIRED: Final[Any] = inspect.Parameter.empty
Form = Literal["plain", "keyword", "rest", "extra"]  # name, * name, *name, **name
_FORMS: Final[dict[Any, Form]] = {
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "plain",
    inspect.Parameter.KEYWORD_ONLY: "keyword",
    inspect.Parameter.VAR_POSITIONAL: "rest",
    inspect.Parameter.VAR_KEYWORD: "extra",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One name that an operator can give a value to."""

    name: str  # as the operator types it
    python: str  # as the `def` spells it
    form: Form
    kind: Any  # its type
    default: Any = REQUIRED
    bundle: str = ""  # the dataclass parameter of which this is a field

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED and self.form in ("plain", "keyword")

    def show(self) -> str:
        """Return `name: type = default`."""
        stars = {"rest": "*", "extra": "**"}.get(self.form, "")
        default = "" if self.default is REQUIRED else f" = {self.default!r}"
        return f"{stars}{self.name}: {kinds.shown(self.kind)}{default}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """All parameters of one function but the context."""

    positional: tuple[Parameter, ...]
    keywords: dict[str, Parameter]  # everything that can be given by name, positional ones first
    rest: Parameter | None
    extra: Parameter | None
    bundles: dict[str, type]
    taken: frozenset[str]  # Python names that `**extra` must not use

    @classmethod
    def of(cls, call: Callable[..., Any]) -> Signature:
        """Read the signature of `call`. Raises TypeError for what `bind` cannot serve."""
        hints = get_type_hints(call)
        found = list(inspect.signature(call).parameters.values())
        if not found or found[0].name != "ctx":
            raise TypeError(f"{call.__name__}: the first parameter must be ctx: Context")
        bundles = {p.name: hints[p.name] for p in found if dataclasses.is_dataclass(hints.get(p.name))}
        bundles.pop("ctx", None)
        read = [each for raw in found[1:] for each in _read(raw, hints, bundles)]
        plain = tuple(p for p in read if p.form == "plain")
        by_name = [*plain, *(p for p in read if p.form == "keyword")]
        return cls(
            positional=plain,
            keywords={p.name: p for p in by_name},
            rest=next((p for p in read if p.form == "rest"), None),
            extra=next((p for p in read if p.form == "extra"), None),
            bundles=bundles,
            taken=frozenset(p.name for p in found if p.kind is not inspect.Parameter.POSITIONAL_ONLY),
        )

    def show(self) -> str:
        """Return `(name: type, *, keyword: type = default)`."""
        return f"({', '.join(self.parts())})"

    def parts(self) -> list[str]:
        """Return what stands between the parentheses of `show`, one by one."""
        parts = [p.show() for p in self.positional]
        only = [p for p in self.keywords.values() if p.form == "keyword"]
        if self.rest:
            parts.append(self.rest.show())
        elif only:
            parts.append("*")
        parts += [p.show() for p in only]
        if self.extra:
            parts.append(self.extra.show())
        return parts

    def schema(self) -> list[dict[str, Any]]:
        """Return the parameters as plain data, in order."""
        everything = [*self.keywords.values(), self.rest, self.extra]
        return [
            {
                "name": p.name,
                "type": kinds.shown(p.kind),
                "form": p.form,
                "required": p.required,
                "default": None if p.default is REQUIRED else p.default,
            }
            for p in everything
            if p
        ]


def _read(raw: inspect.Parameter, hints: dict[str, Any], bundles: dict[str, type]) -> Iterator[Parameter]:
    if raw.name in bundles:
        yield from _fields(raw.name, bundles[raw.name])
        return
    if raw.name not in hints:
        raise TypeError(f"parameter {raw.name!r} has no type")
    if raw.kind not in _FORMS:
        raise TypeError(f"parameter {raw.name!r} is positional-only; only ctx may be that")
    yield _parameter(raw.name, _FORMS[raw.kind], hints[raw.name], raw.default)


def _fields(bundle: str, owner: type) -> Iterator[Parameter]:
    hints = get_type_hints(owner)
    for each in dataclasses.fields(owner):
        default = each.default
        if each.default_factory is not dataclasses.MISSING:
            default = each.default_factory()
        default = REQUIRED if default is dataclasses.MISSING else default
        yield _parameter(each.name, "keyword", hints[each.name], default, bundle)


def _parameter(python: str, form: Form, kind: Any, default: Any, bundle: str = "") -> Parameter:
    try:
        kinds.check(kind)
    except TypeError as error:
        raise TypeError(f"parameter {python!r}: {error}") from None
    name = python.removesuffix("_") or python
    return Parameter(name=name, python=python, form=form, kind=kind, default=default, bundle=bundle)
