"""The box's own say: which functions it will not run, whoever asks and whatever is signed.

From the minion's configuration: `disabled_modules` (names), `disabled_functions` and `allowed_functions`
(shell patterns over `module.function`). Empty `allowed_functions` means all. Disabling wins over allowing.
The corridor asks for the name in the job; who resolves aliases or runs a function from within another
(`state.single`) asks again with the name that is really going to run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Patterns that a function's name must and must not match."""

    disabled_modules: frozenset[str] = frozenset()
    disabled_functions: tuple[str, ...] = ()
    allowed_functions: tuple[str, ...] = ()

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Policy:
        """Return the policy in the settings that a module sees, under the names of the configuration."""
        return cls(
            disabled_modules=frozenset(settings.get("disable_modules", ())),
            disabled_functions=tuple(settings.get("disable_functions", ())),
            allowed_functions=tuple(settings.get("allowed_functions", ())),
        )

    def refusal(self, fun: str) -> str:
        """Return why this box does not run `fun`, or nothing if it does."""
        if fun.partition(".")[0] in self.disabled_modules or _any(self.disabled_functions, fun):
            return f"{fun} is disabled in this minion's configuration"
        if self.allowed_functions and not _any(self.allowed_functions, fun):
            return f"{fun} is not among this minion's allowed_functions"
        return ""

    def loads(self, module: str) -> bool:
        """Say whether a function of `module` may run here; if none may, its file is not loaded: that runs it too."""
        whole = (pattern.removesuffix(".*") for pattern in self.disabled_functions if pattern.endswith(".*"))
        if module in self.disabled_modules or any(fnmatchcase(module, pattern) for pattern in whole):
            return False
        return not self.allowed_functions or any(
            _names(pattern, module) for pattern in self.allowed_functions
        )


def _names(pattern: str, module: str) -> bool:
    """Say whether a pattern can match a function of `module`; one without a dot can match anywhere."""
    part, dot, _ = pattern.partition(".")
    return fnmatchcase(module, part) if dot else any(char in part for char in "*?[")


def _any(patterns: tuple[str, ...], fun: str) -> bool:
    return any(fnmatchcase(fun, pattern) for pattern in patterns)
