"""`file.exists` and `file.missing`: nothing but a look."""

from __future__ import annotations

import os

from modules.context import Context
from states.declare import state
from states.file.paths import absolute_path
from states.plan import Plan, failed, unchanged


@state
def exists(ctx: Context, name: str) -> Plan:
    """Fail unless there is something at a path; a link counts for what it leads to.

    Example:

        /etc/app/licence:
          file.exists: []
    """
    if os.path.exists(absolute_path(name)):  # noqa: PTH110  never raises
        return unchanged(f"Path {name} exists")
    return failed(f"Specified path {name} does not exist")


@state
def missing(ctx: Context, name: str) -> Plan:
    """Fail if there is something at a path; a link counts for what it leads to.

    Example:

        /var/run/nologin:
          file.missing: []
    """
    if os.path.exists(absolute_path(name)):  # noqa: PTH110  never raises
        return failed(f"Specified path {name} exists")
    return unchanged(f"Path {name} is missing")
