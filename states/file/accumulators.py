"""`file.accumulated`: lines that several states gather for one file, which a later state of the run writes.

They are kept in the notes of the run, nowhere else: `file.managed` gives them to its template as `accumulator`,
`file.blockreplace` adds them to its block.
"""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from shoal.errors import ModuleError
from states.declare import state
from states.plan import Plan, unchanged

_NOTE: Final = "file.accumulated"


@state
def accumulated(ctx: Context, name: str, filename: str, text: str | int | float | list[Any]) -> Plan:
    """Gather lines for a file, under a name, for the state that manages that file later in the run.

    It must run before that state: give it `require_in` or `watch_in`. Lines that are gathered already are not
    gathered twice. Nothing on the box changes by it.

    Example:

        listeners:
          file.accumulated:
            - filename: /etc/app/app.conf
            - text:
              - listen 80
              - listen 443
            - require_in:
              - file: /etc/app/app.conf

        /etc/app/app.conf:
          file.managed:
            - source: salt://app/app.conf
            - template: jinja
    """
    if not filename:
        raise ModuleError("filename: the file that the lines are for must be given")
    lines = [str(each) for each in text] if isinstance(text, list) else [str(text)]
    gathered = accumulated_for(ctx, filename).setdefault(name, [])
    gathered += [line for line in lines if line not in gathered]
    return unchanged(f"Accumulator {name} for file {filename} was charged by text")


def accumulated_for(ctx: Context, filename: str) -> dict[str, list[str]]:
    """Return what was gathered for a file in this run: lists of lines by name."""
    found: dict[str, list[str]] = ctx.notes.setdefault(_NOTE, {}).setdefault(filename, {})
    return found
