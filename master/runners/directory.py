"""Finds runners by name. The list of modules is fixed: what is not in it does not exist."""

from __future__ import annotations

from typing import Final

from master.runners import event, jobs, manage, tag, token
from shoal.errors import UnknownFunctionError
from shoal.functions.function import Function, marks_of

_MODULES: Final = {"event": event, "jobs": jobs, "manage": manage, "tag": tag, "token": token}


class Directory:
    """All runners, by full name."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        for name, module in _MODULES.items():
            for attribute, value in vars(module).items():
                marks = marks_of(value)
                if marks is not None:
                    full = f"{name}.{attribute.removesuffix('_')}"
                    self._functions[full] = Function(full, value, marks)

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._functions)

    def get(self, name: str) -> Function:
        """Return a runner. Raises UnknownFunctionError with near names."""
        found = self._functions.get(name)
        if found is None:
            import difflib  # only when something is wrong already

            near = difflib.get_close_matches(name, self._functions, n=1)
            hint = f" Did you mean: {near[0]}?" if near else " shoal-run -d lists them."
            raise UnknownFunctionError(f"'{name[:80]}' is not available.{hint}")
        return found
