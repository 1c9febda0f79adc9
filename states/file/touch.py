"""`file.touch`: a file is there, with these times."""

from __future__ import annotations

import os

from modules.context import Context
from modules.file import removing, writing
from shoal.errors import ModuleError
from states.declare import state
from states.file import steps
from states.file.answers import planned
from states.file.claims import claim
from states.file.paths import absolute_path, look
from states.file.perms import Perms
from states.plan import Plan, Step, call, unchanged


@state
def touch(
    ctx: Context,
    name: str,
    atime: int | float | None = None,
    mtime: int | float | None = None,
    makedirs: bool = False,
) -> Plan:
    """Make an empty file, or set the times of what is there: to those given, else to now, each time.

    Example:

        /var/lib/app/enabled:
          file.touch:
            - makedirs: true
    """
    path = absolute_path(name)
    claim(ctx, str(path))
    now = look(path, content=False)
    times = {key: float(each) for key, each in (("atime", atime), ("mtime", mtime)) if each is not None}
    do = call(writing.touch, name, **times)
    if not now.there:
        made = steps.make_folders(path.parent, Perms()) if makedirs else []
        made.append(Step(do=do, undo=call(removing.remove, str(now.target))))
        did, would = f"Created empty file {name}", f"File {name} is set to be created"
        return planned(made, {"new": name}, did=did, would=would, verify=bool(times))
    try:
        status = os.stat(now.path)  # noqa: PTH116  it follows links
    except OSError as error:
        raise ModuleError(f"{name} cannot be looked at: {error.strerror}") from None
    if times and all(getattr(status, f"st_{key}") == value for key, value in times.items()):
        return unchanged(f"File {name} exists and has the correct times")
    word = "directory" if now.kind == "dir" else "file"
    undo = call(writing.touch, name, atime=status.st_atime, mtime=status.st_mtime)
    return planned(
        [Step(do=do, undo=undo)],
        {"touched": name},
        did=f"Updated times on {word} {name}",
        would=f"Times set to be updated on {word} {name}",
        verify=bool(times),
    )
