"""What is wrong with a tree of SLS files, one thing each: in words, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`text` names ids and SLS; `file` and `line` are where it stands, as far as that is known."""

    text: str
    file: str = ""
    line: int = 0
    lines: tuple[tuple[int, str], ...] = ()  # of the file, around it

    def block(self) -> str:
        """Return it with the lines of the file around it, for the operator."""
        width = len(str(self.lines[-1][0])) if self.lines else 0
        marks = {number: ">" if number == self.line else " " for number, _ in self.lines}
        shown = [f"  {marks[number]} {number:>{width}} | {text[:160]}" for number, text in self.lines]
        return "\n".join([str(self), *shown])

    def __str__(self) -> str:
        place = (
            f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        )
        return f"{place}{self.text}"


class CompileError(Exception):
    """A tree that cannot be run, with everything that is wrong with it."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))
