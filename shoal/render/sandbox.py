"""Jinja's sandbox with bounds: no way into Python's insides, no text or list without end.

Templates may change the lists and maps they make (`{% do l.append(1) %}` is everywhere in Salt formulas), so Jinja's
*immutable* sandbox is not for us. What a template is given are copies (`views.py`): it changes nobody else's.

Jinja's own sandbox refuses attributes with underscores and those of functions, frames and generators, also in
`str.format`. Here come bounds for what makes much out of little: loops, `*`, `**`, `~`, `%`, `+`, widths, `join`,
`replace`, `extend`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, Final

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from shoal.render.rendering import MAX_ITEMS, MAX_OUTPUT, current

_MAX_WIDTH: Final = 10_000
_MAX_POWER_BITS: Final = 4096
_LONG_NUMBER: Final = re.compile(r"\d{5,}")
_WIDTH_FROM_ARGUMENT: Final = re.compile(r"\{[^{}]*:[^{}]*\{")
_SIZED: Final = (str, bytes, list, tuple, dict, set)
_GROWING: Final = frozenset({"extend", "update", "union", "insert", "append"})
# Filters and methods whose numbers say how much they make.
_WITH_WIDTHS: Final = ("batch", "center", "indent", "round", "slice", "truncate", "wordwrap")
_WIDE_METHODS: Final = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})


class Sandbox(SandboxedEnvironment):
    """See the module docstring."""

    intercepted_binops = frozenset(["*", "**", "%", "+"])

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=_written, **options)
        self.globals["range"] = bounded_range
        del self.globals["lipsum"]
        for name in _WITH_WIDTHS:
            self.filters[name] = _bounded_filter(self.filters[name])
        self.filters["format"] = _bounded_format(self.filters["format"])
        self.filters["join"] = _bounded_join(self.filters["join"])
        self.filters["replace"] = _bounded_replace(self.filters["replace"])

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        _Bounder(self).visit(tree)
        return tree

    def step(self) -> str:
        """Count a turn; called by compiled loops and macros."""
        current().step()
        return ""

    def join_texts(self, *parts: Any) -> str:
        """Return the parts as one text: the operator `~`."""
        texts = [str(part) for part in parts]
        _check_size(sum(map(len, texts)), MAX_OUTPUT)
        return "".join(texts)

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - as in Jinja
        """Call something from a template."""
        current().step()
        owner = getattr(__obj, "__self__", None)
        if isinstance(owner, _SIZED):
            _check_method(owner, __obj.__name__, args)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Do what an operator says, unless the result would be out of bounds."""
        if operator == "*":
            _check_product(left, right)
        elif operator == "**":
            _check_power(left, right)
        elif operator == "+" and isinstance(left, _SIZED) and isinstance(right, _SIZED):
            _check_size(len(left) + len(right), MAX_OUTPUT if isinstance(left, (str, bytes)) else MAX_ITEMS)
        elif operator == "%" and isinstance(left, (str, bytes)):
            _check_percent(str(left), right if isinstance(right, tuple) else (right,))
        return super().call_binop(context, operator, left, right)

    def format_string(self, s: str, args: Any, kwargs: Any, format_func: Any = None) -> str:
        """Do what `str.format` does, unless a width is out of bounds. Jinja before 3.1.5 comes by here."""
        _check_braces(s, (*args, *kwargs.values()))
        older: Any = super()
        return str(older.format_string(s, args, kwargs, format_func))

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Return what stands for `str.format` of a text. Later releases of Jinja come by here."""
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None

        def bounded(*args: Any, **kwargs: Any) -> str:
            _check_braces(value.__self__, (*args, *kwargs.values()))
            return wrapped(*args, **kwargs)

        return bounded


class _Bounder(NodeTransformer):
    """Lets compiled templates count their turns, and join texts within bounds."""

    def __init__(self, environment: Sandbox) -> None:
        self._environment = environment

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802 - as in Jinja
        self.generic_visit(node)
        node.body.insert(0, self._step(node.lineno))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802 - as in Jinja
        self.generic_visit(node)
        node.body.insert(0, self._step(node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:  # noqa: N802 - as in Jinja
        self.generic_visit(node)
        return self._call("join_texts", node.nodes, node.lineno)

    def _step(self, line: int) -> nodes.ExprStmt:
        return nodes.ExprStmt(self._call("step", [], line)).set_lineno(line)  # type: ignore[return-value]

    def _call(self, name: str, arguments: list[Any], line: int) -> nodes.Call:
        call = nodes.Call(nodes.EnvironmentAttribute(name), arguments, [], None, None)
        return call.set_lineno(line).set_environment(self._environment)  # type: ignore[return-value]


def bounded_range(*bounds: int) -> range:
    """Return a range of at most `MAX_ITEMS` numbers."""
    made = range(*bounds)
    _check_size(len(made), MAX_ITEMS)
    return made


def _written(value: Any) -> Any:
    """Count what an expression writes: it may go into a variable and come out twice."""
    if isinstance(value, str):
        current().wrote(len(value))
    return value


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise SecurityError(f"a text or list of {size} parts, more than the {most} a template may make")


def _check_product(left: Any, right: Any) -> None:
    for sized, times in ((left, right), (right, left)):
        if isinstance(sized, _SIZED) and isinstance(times, int):
            _check_size(
                len(sized) * max(times, 0), MAX_OUTPUT if isinstance(sized, (str, bytes)) else MAX_ITEMS
            )
    if isinstance(left, int) and isinstance(right, int):
        _check_size(left.bit_length() + right.bit_length(), _MAX_POWER_BITS)


def _check_power(left: Any, right: Any) -> None:
    if isinstance(left, int) and isinstance(right, int):
        _check_size(left.bit_length() * abs(right), _MAX_POWER_BITS)


def _check_percent(text: str, values: Iterable[Any]) -> None:
    if _LONG_NUMBER.search(text) or "*" in text:
        raise SecurityError("a width of five digits, or '*', in a format")
    _check_filled(text.count("%"), values)


def _check_braces(text: str, values: Iterable[Any]) -> None:
    if _LONG_NUMBER.search(text) or _WIDTH_FROM_ARGUMENT.search(text):
        raise SecurityError("a width of five digits, or one from an argument, in a format")
    _check_filled(text.count("{"), values)


def _check_filled(places: int, values: Iterable[Any]) -> None:
    longest = max((len(value) for value in values if isinstance(value, (str, bytes))), default=0)
    _check_size(places * longest, MAX_OUTPUT)


def _check_widths(values: Any) -> None:
    for value in values:
        if isinstance(value, int) and abs(value) > _MAX_WIDTH:
            raise SecurityError(f"the number {value} says how much to make: at most {_MAX_WIDTH}")


def _check_method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    if isinstance(owner, (str, bytes)):
        if name in _CHECKS:
            _CHECKS[name](owner, *args)
        elif name in _WIDE_METHODS:
            _check_widths(args)
            if name == "expandtabs":
                _check_size(str(owner).count("\t") * _MAX_WIDTH, 8 * MAX_OUTPUT)
    elif name in _GROWING:
        _check_size(len(owner) + sum(len(each) for each in args if isinstance(each, _SIZED)), MAX_ITEMS)


def _check_join(glue: Any, parts: Any = (), *_rest: Any) -> None:
    if isinstance(parts, (list, tuple)) and parts:
        longest = max(len(each) if isinstance(each, (str, bytes)) else 100 for each in parts)
        _check_size(len(parts) * (longest + len(str(glue))), 4 * MAX_OUTPUT)


def _check_replace(whole: Any, part: Any = "", by: Any = "", *_rest: Any) -> None:
    text, old, new = str(whole), str(part), str(by)
    _check_size(len(text) + (text.count(old) if old else len(text) + 1) * len(new), MAX_OUTPUT)


_CHECKS: Final[Mapping[str, Callable[..., None]]] = {"join": _check_join, "replace": _check_replace}


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    first = 2 if hasattr(function, "jinja_pass_arg") else 1  # the value itself is before it

    @wraps(function)  # with Jinja's marks
    def bounded(*args: Any, **kwargs: Any) -> Any:
        options = [*args[first:], *kwargs.values()]
        _check_widths(options)
        text = args[first - 1] if len(args) >= first else ""
        if function.__name__ in ("do_indent", "do_wordwrap") and isinstance(text, str):
            each = max(len(value) if isinstance(value, str) else int(value or 0) for value in [*options, 4])
            pieces = text.count("\n") + 1 if function.__name__ == "do_indent" else len(text) // 64
            _check_size(pieces * each, 8 * MAX_OUTPUT)
        return function(*args, **kwargs)

    return bounded


def _bounded_format(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(text: Any, *args: Any, **kwargs: Any) -> Any:
        _check_percent(str(text), (*args, *kwargs.values()))
        return function(text, *args, **kwargs)

    return bounded


def _bounded_join(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(context: Any, value: Any, d: str = "", attribute: Any = None) -> Any:
        if not isinstance(value, str):
            value = list(value)
        _check_join(d, value)
        return function(context, value, d, attribute)

    return bounded


def _bounded_replace(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def bounded(context: Any, text: Any, old: str, new: str, count: int | None = None) -> Any:
        _check_replace(text, old, new)
        return function(context, text, old, new, count)

    return bounded
