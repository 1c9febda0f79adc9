"""Filters whose answer is not the same twice must be asked at each rendering.

Jinja works filters of constants out when it compiles a template, but not those that take the template's context.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from jinja2 import pass_context


def unfolded(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that is called at each rendering."""

    @pass_context
    @wraps(function)
    def filter_(_context: Any, *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return filter_
