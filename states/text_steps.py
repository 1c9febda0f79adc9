"""Collects the steps of a state that changes one small text file. Each step can be taken back to the byte.

A state works out the text that each call leaves, with the same pure function that the call itself uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modules.file.content import to_bytes, to_text
from modules.file.put_back import content_of, put_back, way_back
from states.plan import Call, Step, call


class TextSteps:
    """Steps for one file. `text`: what it will hold after the steps so far."""

    def __init__(self, path: str, back: Callable[..., Any] = put_back) -> None:
        """Read the file. `back` takes what `put_back` takes. Raises ModuleError."""
        self._path = path
        self._back = back
        self._data = content_of(path)
        self._steps: list[Step] = []

    @property
    def text(self) -> str:
        """The file's text, "" if there is none."""
        return to_text(self._data or b"")

    def add(self, do: Call, text: str) -> None:
        """Add a call that leaves this text; one that leaves what is there is no step."""
        data = to_bytes(text)
        if data == (self._data or b""):
            return
        undo = call(self._back, **way_back(self._path, self._data, data))
        self._steps.append(Step(do=do, undo=undo))
        self._data = data

    def all(self) -> tuple[Step, ...]:
        """Return the steps in order."""
        return tuple(self._steps)
