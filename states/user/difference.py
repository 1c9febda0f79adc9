"""One thing about a user that is not as it is wanted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from states.plan import Step

REDACTED: Final = "XXX-REDACTED-XXX"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`shown`: its line in a test run's comment; `changes`: what people are told of it."""

    shown: str
    step: Step
    changes: dict[str, Any] = field(default_factory=dict)
