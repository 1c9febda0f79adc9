"""Takes back what a run has changed, from its journal, the last step first.

A step that cannot be undone refuses the whole rollback beforehand, unless its state is left out by name. A step of
which the journal does not know whether it was made is undone too: an undo says what is to be there, so it does no harm.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from modules import nested
from modules.context import Context
from shoal.errors import ModuleError, ShoalError
from states.engine.journal import Recorded, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What came of one step. `error` is empty when it went well."""

    id: str
    call: str
    error: str = ""

    def shown(self) -> dict[str, Any]:
        """Return it for people."""
        return {"id": self.id, "undo": self.call, "result": not self.error, "comment": self.error or "undone"}


def steps_to_undo(run: Recorded, ids: Collection[str] = ()) -> list[Written]:
    """Return the steps in the order in which they are undone. Raises ModuleError: one cannot be, or an id is none."""
    known = {step.id for step in run.steps}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise ModuleError(
            f"run {run.jid} has changed nothing by the state {unknown[0]!r}; it has by {_list(known)}"
        )
    steps = [step for step in reversed(run.steps) if not ids or step.id in ids]
    final = [step for step in steps if step.undo is None]
    if final:
        raise ModuleError(
            f"{final[0].id} cannot be undone: {final[0].final or 'it has no undo'}. To undo the others name them: "
            f"{_list(known - {step.id for step in final})}"
        )
    # What answered to a change, a restart, is done again when that change is taken back: after everything else.
    return sorted(steps, key=lambda step: step.reaction)


def undo(ctx: Context, steps: list[Written]) -> list[Undone]:
    """Undo steps; ends with the first that does not work."""
    done = []
    for step in steps:
        assert step.undo is not None
        try:
            nested.call(ctx, step.undo.fun, step.undo.args, step.undo.kwargs, from_text=False)
        except ShoalError as error:
            done.append(Undone(id=step.id, call=shown(step), error=str(error)))
            break
        done.append(Undone(id=step.id, call=shown(step)))
    return done


def shown(step: Written) -> str:
    """Return an undo as a call, its first argument only: others may be secrets."""
    assert step.undo is not None
    first = f"{step.undo.args[0]}" if step.undo.args else ""
    more = ", …" if len(step.undo.args) > 1 or step.undo.kwargs else ""
    return f"{step.undo.fun}({first[:200]}{more})"


def _list(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:10]) or "nothing"
