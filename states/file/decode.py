"""`file.decode`: a file whose content is given in base64."""

from __future__ import annotations

import base64
from typing import Literal

from modules.context import Context
from shoal.errors import ModuleError
from shoal.lookup import MISSING, traverse
from states.declare import state
from states.file import steps
from states.file.answers import planned
from states.file.claims import claim
from states.file.paths import absolute_path, look
from states.file.perms import Perms
from states.plan import Plan, unchanged


@state
def decode(
    ctx: Context,
    name: str,
    encoded_data: str | None = None,
    contents_pillar: str | None = None,
    encoding_type: Literal["base64"] = "base64",
    checksum: str = "md5",
) -> Plan:
    """Keep a file that has what base64 text says, given in the SLS or in pillar.

    Example:

        /etc/app/licence.bin:
          file.decode:
            - encoded_data: aGVsbG8=
    """
    if (encoded_data is None) == (contents_pillar is None):
        raise ModuleError("Specify either the 'encoded_data' or 'contents_pillar' argument.")
    if contents_pillar is not None:
        found = traverse(ctx.pillar, contents_pillar, MISSING)
        if found is MISSING:
            raise ModuleError("Pillar data not found.")
        encoded_data = str(found)
    path = absolute_path(name)
    claim(ctx, str(path))
    now = look(path)
    if now.kind not in ("", "file"):
        raise ModuleError(f"{name} is of type {now.kind}, not a file")
    try:
        content = steps.inline(base64.b64decode("".join((encoded_data or "").split()), validate=True))
    except ValueError:
        raise ModuleError("the data has something in it that is not base64") from None
    if content.digest == now.digest:
        return unchanged("File is in the correct state.")
    changes = {"old": _sum(now.data, checksum), "new": _sum(content.data, checksum)}
    put = steps.put(now, content, Perms())
    return planned([put], changes, did="File was updated.", would="File is set to be updated.")


def _sum(data: bytes | None, form: str) -> str | None:
    if data is None:
        return None
    import hashlib  # with OpenSSL: only for who tells check sums

    try:
        return hashlib.new(form, data, usedforsecurity=False).hexdigest()
    except (ValueError, TypeError):
        raise ModuleError(f"there is no check sum {form!r}") from None
