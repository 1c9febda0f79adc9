"""The tags that Salt adds to Jinja.

    {% import_yaml 'map.yaml' as map %}      also import_json, import_text; the file is a template itself
    {% load_yaml as map %}…{% endload %}     also load_json, load_text
    {% profile as 'name' %}…{% endprofile %}

`with context` and `without context` are read and make no difference: the file always sees the variables, as in Salt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension
from jinja2.parser import Parser

from shoal.render.rendering import current
from shoal.render.text_formats import read_json, read_yaml

_READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "yaml": read_yaml,
    "json": read_json,
    "text": lambda text, _file: text,
}


class DataTags(Extension):
    """See the module docstring."""

    tags = {f"{verb}_{kind}" for verb in ("import", "load") for kind in _READERS} | {"profile"}

    def parse(self, parser: Parser) -> Any:
        """Read one of the tags."""
        token = next(parser.stream)
        verb, _, kind = token.value.partition("_")
        if verb == "import":
            return self._parse_import(parser, kind, token.lineno)
        if verb == "load":
            return self._parse_load(parser, kind, token.lineno)
        parser.stream.expect("name:as")
        parser.parse_expression()
        return parser.parse_statements(("name:endprofile",), drop_needle=True)

    def _parse_import(self, parser: Parser, kind: str, line: int) -> nodes.Node:
        name = parser.parse_expression()
        target = self._target(parser, line)
        if parser.stream.current.test_any("name:with", "name:without") and parser.stream.look().test(
            "name:context"
        ):
            parser.stream.skip(2)
        arguments: list[nodes.Expr] = [nodes.ContextReference(), name, nodes.Const(kind)]
        return nodes.Assign(target, self.call_method("import_data", arguments, lineno=line), lineno=line)

    def _parse_load(self, parser: Parser, kind: str, line: int) -> Any:
        target = self._target(parser, line)
        body = parser.parse_statements(("name:endload",), drop_needle=True)
        text = nodes.Name(f"_{kind}_{line}_text", "store", lineno=line)
        read = nodes.Name(text.name, "load", lineno=line)
        arguments: list[nodes.Expr] = [nodes.ContextReference(), read, nodes.Const(kind), nodes.Const(line)]
        value = self.call_method("load_data", arguments, lineno=line)
        return [nodes.AssignBlock(text, None, body, lineno=line), nodes.Assign(target, value, lineno=line)]

    def _target(self, parser: Parser, line: int) -> nodes.Expr:
        if not parser.stream.skip_if("name:as"):
            raise TemplateSyntaxError("'as NAME' expected", line, parser.name, parser.filename)
        return parser.parse_assign_target(with_tuple=False)

    def import_data(self, context: Any, name: str, kind: str) -> Any:
        """Return what a file says that is rendered first."""
        template = self.environment.get_template(str(name), parent=context.name)
        text = template.render(context.get_all())
        return _READERS[kind](text, str(template.filename))

    def load_data(self, context: Any, text: str, kind: str, line: int) -> Any:
        """Return what the body of a tag says."""
        source = current().sources.get(context.name)
        place = f"{source.path if source else context.name}: block of line {line}"
        return _READERS[kind](text, place)
