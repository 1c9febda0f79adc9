"""Filters that write values as YAML, JSON, Python or XML, and read them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pprint import pformat
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.text_formats import bare, read_json, read_yaml, write_json, write_yaml

_FOR_HTML: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})


def json(value: Any, sort_keys: bool = True, indent: int | None = None) -> str:
    """Return JSON."""
    return write_json(value, sort_keys=sort_keys, indent=indent).strip()


def tojson(value: Any, indent: int | None = None, **options: Any) -> str:
    """Return JSON that can stand in HTML and in a YAML file."""
    return write_json(value, indent=indent, sort_keys=bool(options.get("sort_keys"))).translate(_FOR_HTML)


def yaml(value: Any, flow_style: bool = True) -> str:
    """Return YAML, on one line unless `flow_style` is false."""
    return write_yaml(value, flow=flow_style)


def yaml_dquote(value: Any) -> str:
    """Return a text in double quotes, as YAML reads it."""
    return write_yaml(str(value), style='"')


def yaml_squote(value: Any) -> str:
    """Return a text in single quotes, as YAML reads it."""
    return write_yaml(str(value), style="'")


def yaml_encode(value: Any) -> str:
    """Return a single value as YAML reads it back."""
    if isinstance(value, (Mapping, list, tuple)):
        raise RenderError("yaml_encode is for single values; yaml writes lists and maps")
    return write_yaml(value)


def dict_to_sls_yaml_params(value: Mapping[str, Any], flow_style: bool = False) -> str:
    """Return a map as the list of small maps that a state takes."""
    return write_yaml([{key: item} for key, item in value.items()], flow=flow_style)


def python(value: Any) -> str:
    """Return a value as Python writes it."""
    return pformat(bare(value))


def xml(value: Mapping[str, Any]) -> str:
    """Return XML: a map's plain values become attributes, its maps and lists elements."""
    from xml.dom.minidom import Document  # only who writes XML pays for it

    page = Document()
    for tag, content in value.items():
        _add(page, page, str(tag), content)
        break
    return str(page.toprettyxml(indent=" "))


def _add(page: Any, above: Any, tag: str, content: Any) -> None:
    if isinstance(content, (list, tuple)):
        for each in content:
            _add(page, above, tag, each)
        return
    element = page.createElement(tag)
    above.appendChild(element)
    if not isinstance(content, Mapping):
        element.appendChild(page.createTextNode(str(content)))
        return
    for key, value in content.items():
        if isinstance(value, (Mapping, list, tuple)):
            _add(page, element, str(key), value)
        else:
            element.setAttribute(str(key), str(value))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "dict_to_sls_yaml_params": dict_to_sls_yaml_params,
    "json": json,
    "load_json": lambda text: read_json(str(text), "load_json"),
    "load_yaml": lambda text: read_yaml(str(text), "load_yaml"),
    "python": python,
    "tojson": tojson,
    "xml": xml,
    "yaml": yaml,
    "yaml_dquote": yaml_dquote,
    "yaml_encode": yaml_encode,
    "yaml_squote": yaml_squote,
}
