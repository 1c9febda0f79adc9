"""`cp.get_template`: a file of the master rendered on the box, and put in place as `cp.get_file` does."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.placing import place_bytes
from modules.templates import render_file
from shoal.errors import ArgumentError, WireError
from shoal.files.names import BASE, read_url
from shoal.functions.function import function

ENGINES: Final = ("jinja",)
_MODES: Final = 0o777


@function(replay="safe")
def get_template(
    ctx: Context,
    path: str,
    dest: str,
    template: str = "jinja",
    saltenv: str = BASE,
    makedirs: bool = False,
    **variables: Any,
) -> str:
    """Render a file of the master with this box's grains, pillar and functions, and bring it to `dest`.

    Other arguments are variables of the template. A new file has the mode that the template has on the master: where
    it shows secrets, see to that first. Returns the path, "" if the master does not serve the file.

    CLI Example:

        shoal '*' cp.get_template shoal://web/site.conf /etc/nginx/site.conf makedirs=True port=8080
    """
    check_engine(template)
    try:
        name, env = read_url(path, saltenv)
    except WireError as error:
        raise ArgumentError(str(error)) from None
    target = Path(dest, name.rpartition("/")[2]) if dest.endswith("/") or Path(dest).is_dir() else Path(dest)
    made = render_file(ctx, name, env, variables)
    if made is None:
        return ""
    text, info = made
    place_bytes(target, text.encode("utf-8", "surrogateescape"), info.mode & _MODES, makedirs=makedirs)
    return str(target)


def check_engine(template: str) -> None:
    """Refuse what does not render here. Raises ArgumentError."""
    if template not in ENGINES:
        raise ArgumentError(f"template={template}: there is {', '.join(ENGINES)}")
