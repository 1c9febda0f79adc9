"""Why a box has no pillar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shoal.errors import RenderError, ShoalError

MAX_SHOWN: Final = 20


class PillarError(ShoalError):
    """A pillar could not be made whole. The text is for operators, several lines; others get `for_log` or `for_box`.

    The lines of files in it may hold what the files hold, so it must not get into a log or onto a box.
    """

    def __init__(self, minion: str, errors: Sequence[RenderError]) -> None:
        self.minion = minion
        self.errors = tuple(errors)
        blocks = [error.block() for error in self.errors[:MAX_SHOWN]]
        if len(self.errors) > MAX_SHOWN:
            blocks.append(f"and {len(self.errors) - MAX_SHOWN} more")
        super().__init__("\n".join([f"no pillar for {minion}: {_errors(len(self.errors))}", *blocks]))

    def for_log(self) -> str:
        """Return one line without anything of the files."""
        return f"no pillar for {self.minion}: {self._where()}"

    def for_box(self) -> str:
        """Return one line that the box may know."""
        return (
            f"the master could not make this box's pillar: {self._where()}."
            f" On the master: shoal-run pillar.show_pillar {self.minion}"
        )

    def _where(self) -> str:
        first = self.errors[0]
        place = f"{first.file}:{first.line}" if first.line else first.file
        return _errors(len(self.errors)) + (f", the first in {place}" if place else "")


def _errors(count: int) -> str:
    return "1 error" if count == 1 else f"{count} errors"
