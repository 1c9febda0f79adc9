"""Names of SLS files, and the variables that tell a template where it is."""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import RenderError

_SLS: Final = re.compile(r"[A-Za-z0-9_\-+@~ ]{1,128}(\.[A-Za-z0-9_\-+@~ ]{1,128}){0,31}")


def sls_files(sls: str) -> tuple[str, str]:
    """Return the files that can be `sls`, in the order they are tried. Raises RenderError for what is no name."""
    if not _SLS.fullmatch(sls):
        raise RenderError(
            f"{sls[:80]!r} is no name of an SLS: words with dots between them, no '/', no '.sls'"
        )
    path = sls.replace(".", "/")
    return f"{path}.sls", f"{path}/init.sls"


def resolve_relative(sls: str, parent: str, parent_file: str) -> str:
    """Return the full name for `.x` or `..x`, as the SLS `parent` may write it. Raises RenderError."""
    dots = len(sls) - len(sls.lstrip("."))
    if not dots:
        return sls
    levels = parent.split(".")
    up = dots - 1 if parent_file.endswith("/init.sls") else dots
    if up > len(levels):
        raise RenderError(f"{sls!r} leads above the root, from {parent!r}")
    above = levels[: len(levels) - up]
    return ".".join([*above, sls[dots:]] if sls[dots:] else above)


def place_variables(name: str, path: str, sls: str = "") -> dict[str, str]:
    """Return Salt's variables for the file `name`, which lies at `path` and is the SLS `sls`."""
    folder = name.rpartition("/")[0]
    found = {"tplpath": path, "tplfile": name, "tpldir": folder or ".", "tpldot": folder.replace("/", ".")}
    if sls:
        levels = sls.split(".")
        above = levels if name.endswith("/init.sls") else levels[:-1]
        found |= {
            "sls": sls,
            "slspath": "/".join(above),
            "slsdotpath": ".".join(above),
            "slscolonpath": ":".join(above),
            "sls_path": "_".join(above),
        }
    return found
