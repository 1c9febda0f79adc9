"""Names of served files, environments and `shoal://` addresses: checked here, once, before any path is made.

A name is relative to its root and spelled plainly: what could leave a root however it is written (`..`, an absolute
path, a backslash, a control character) is no name. Nothing is decoded: `%2e` is three characters.
"""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import WireError

MAX_NAME: Final = 1024  # characters
MAX_ENV: Final = 128
BASE: Final = "base"
SCHEMES: Final = ("shoal://", "salt://")
_ENV: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@/-]{0,127}")


def check_name(value: object) -> str:
    """Return `value` if it is the name of a served file or folder; "" is the root itself. Raises WireError."""
    if not isinstance(value, str):
        raise WireError("the name of a served file must be text")
    parts = value.split("/")
    bad = len(value) > MAX_NAME or "\\" in value or any(not char.isprintable() for char in value)
    if bad or (value and any(part in ("", ".", "..") for part in parts)):
        raise WireError(
            f"bad file name {value[:80]!r}: relative to its root, '/' between the parts, no '..', no backslash,"
            f" at most {MAX_NAME} printable characters"
        )
    return value


def check_env(value: object) -> str:
    """Return `value` if it can be the name of an environment. Raises WireError."""
    if not isinstance(value, str) or not _ENV.fullmatch(value) or ".." in value or "//" in value:
        raise WireError(f"bad environment {str(value)[:40]!r}: 1-{MAX_ENV} of A-Z a-z 0-9 _ . @ / -, no '..'")
    return value


def is_served(url: str) -> bool:
    """Say whether an address is one of the master's files."""
    return url.startswith(SCHEMES)


def read_url(url: str, env: str = BASE) -> tuple[str, str]:
    """Return (name, environment) of `shoal://name?saltenv=dev`, or of a plain name. Raises WireError.

    The environment in the address wins over `env`, as in Salt.
    """
    for scheme in SCHEMES:
        if url.startswith(scheme):
            url = url[len(scheme) :]
            break
    name, mark, query = url.rpartition("?saltenv=")
    if mark:
        return check_name(name.strip("/")), check_env(query)
    return check_name(url.strip("/") if url != "/" else ""), check_env(env)
