"""A function's answer with a return code, for functions whose value alone does not say how it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """Return this instead of the bare value to set the job's return code or outputter.

    `retcode` 0 is success. `out` names an outputter ("" = the function's own). `trimmed` is the number of
    output bytes that were cut off before they became part of `value`.
    """

    value: Any
    retcode: int = 0
    out: str = ""
    trimmed: int = 0
