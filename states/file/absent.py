"""`file.absent`: nothing is at a path."""

from __future__ import annotations

from modules.context import Context
from shoal.errors import ModuleError
from states.declare import state
from states.file import steps
from states.file.answers import planned
from states.file.paths import absolute_path, look
from states.plan import Plan, unchanged


@state
def absent(ctx: Context, name: str) -> Plan:
    """Remove a file, a link or a folder with all below it. Links are removed, not followed.

    What was there is kept for a rollback, up to 64 MiB and 20,000 files; above that the removal is final.

    Example:

        /etc/cron.d/old-job:
          file.absent: []
    """
    path = absolute_path(name)
    if path.parent == path or path.name == "..":
        raise ModuleError('Refusing to make "/" absent')
    now = look(path, follow=False, content=False)
    if not now.there:
        return unchanged(f"File {name} is not present")
    word = "directory" if now.kind == "dir" else "file"
    return planned(
        [steps.take_away(path)],
        {"removed": name},
        did=f"Removed {word} {name}",
        would=f"{word.capitalize()} {name} is set for removal",
    )
