"""The id a host has when its configuration gives none: its full name, without asking the network."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Final

from shoal.ids import MAX_MINION_ID

_HOSTS: Final = Path("/etc/hosts")
_BAD: Final = re.compile(r"[^A-Za-z0-9_.@-]+")


def host_id() -> str:
    """Return this host's name as a legal minion id; with its domain if the name or /etc/hosts has it.

    DNS is not asked: it may hang while a box starts, and the id would change when its answer does.
    """
    name = socket.gethostname()
    try:
        hosts = _HOSTS.read_text("utf-8", "replace")
    except OSError:
        hosts = ""
    return clean_id(full_name(name, hosts))


def full_name(name: str, hosts: str) -> str:
    """Return `name` with the domain that the text of a hosts file has for it, if any."""
    if "." in name:
        return name
    for line in hosts.splitlines():
        names = line.partition("#")[0].split()[1:]
        for candidate in names:
            if candidate.startswith(name + ".") and not candidate.startswith("localhost."):
                return candidate
    return name


def clean_id(name: str) -> str:
    """Return `name` without what a minion id must not have; `localhost` if nothing is left."""
    text = re.sub(r"\.{2,}", ".", _BAD.sub("-", name))
    return text.lstrip(".@-")[:MAX_MINION_ID].rstrip(".@") or "localhost"
