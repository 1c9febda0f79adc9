"""Data in texts: what the data tags read and what the filters `yaml`, `json` and so on write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final, NoReturn

import yaml

from shoal.errors import RenderError
from shoal.render.rendering import current
from shoal.render.sealed import TAG, Sealed
from shoal.render.source import lines_around
from shoal.render.views import View
from shoal.render.yaml import MAX_DEPTH, MAX_TEXT, Document, load_yaml


def read_yaml(text: str, file: str) -> Any:
    """Return what YAML inside a template says. Raises RenderError."""
    document = load_yaml(text, file, may_seal=True)
    check_boxes(document, file)
    return document.value


def check_boxes(document: Document, file: str) -> None:
    """Refuse a sealed value that stands in none of the files of this rendering.

    Else a box could put another box's sealed value into its grains, and a template that shows the grain would have it
    opened for this box. Raises RenderError.
    """
    texts = [source.text for source in current().sources.values() if source is not None]
    for box in document.boxes:
        if not any(box in text for text in texts):
            raise RenderError(
                f"a {TAG} value must be written in the file itself; this one came by data", file=file
            )


def read_json(text: str, file: str) -> Any:
    """Return what JSON says. Raises RenderError with the line."""
    if len(text) > MAX_TEXT:
        raise RenderError(f"larger than {MAX_TEXT} characters", file=file)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        lines = lines_around(text, error.lineno)
        raise RenderError(f"not JSON: {error.msg}", file=file, line=error.lineno, lines=lines) from None
    except (ValueError, RecursionError) as error:
        raise RenderError(f"not JSON: {str(error)[:120]}", file=file) from None
    if _depth(value) > MAX_DEPTH:
        raise RenderError(f"nested deeper than {MAX_DEPTH}", file=file)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key in a map")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that can be kept")


def _depth(value: Any) -> int:
    deepest, pending = 0, [(value, 1)]
    while pending:
        each, depth = pending.pop()
        deepest = max(deepest, depth)
        if depth > MAX_DEPTH:
            break
        if isinstance(each, (dict, list)):
            pending += [(item, depth + 1) for item in (each.values() if isinstance(each, dict) else each)]
    return deepest


def write_json(value: Any, **options: Any) -> str:
    """Return `value` as JSON. Raises TypeError for what has no such form."""
    return json.dumps(bare(value), ensure_ascii=False, default=_no_json, **options)


def _no_json(value: Any) -> NoReturn:
    if isinstance(value, Sealed):
        raise TypeError(f"a {TAG} value has no JSON form: write it with the filter yaml")
    raise TypeError(f"{type(value).__name__} has no JSON form")


class _Dumper(yaml.SafeDumper):
    """Writes plain values, and sealed ones with their tag."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(Sealed, lambda dumper, value: dumper.represent_scalar(TAG, value.box))
_WIDTH: Final = float("inf")  # a line break inside a value would end up in the middle of an SLS file


def write_yaml(value: Any, *, flow: bool | None = True, style: str | None = None) -> str:
    """Return `value` as YAML without a newline at the end. Raises TypeError for what has no such form."""
    try:
        text = yaml.dump(
            bare(value), Dumper=_Dumper, default_flow_style=flow, default_style=style, width=_WIDTH,
            allow_unicode=True, sort_keys=False,
        )  # fmt: skip
    except yaml.YAMLError:
        raise TypeError(f"{type(value).__name__} has no YAML form") from None
    return str(text).removesuffix("\n").removesuffix("\n...")


def bare(value: Any, depth: int = MAX_DEPTH) -> Any:
    """Return `value` rebuilt of dicts, lists and plain scalars. Raises TypeError for what is nested too deep."""
    if depth < 0:
        raise TypeError(f"nested deeper than {MAX_DEPTH}, or contains itself")
    if isinstance(value, str):
        return str(value)  # without Markup
    if isinstance(value, (View, Mapping)):
        return {bare(key): bare(item, depth - 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [bare(item, depth - 1) for item in value]
    if isinstance(value, float) and not isfinite(value):
        raise TypeError(f"{value} has no form as data")
    return value
