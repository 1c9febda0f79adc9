"""Says what is in an archive without unpacking it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from modules.archive.limits import MAX_BYTES, MAX_MEMBERS, Limits
from modules.archive.member import Member
from modules.archive.source import opened
from modules.archive.unpack import check_path
from modules.context import Context
from shoal.functions.function import function

_MEMBERS_OF = {"dir": "dirs", "file": "files", "symlink": "links", "hardlink": "files", "other": "files"}


@function(replay="safe")
def list_(
    ctx: Context,
    name: str,
    archive_format: Literal["", "tar", "zip"] = "",
    strip_components: int = 0,
    verbose: bool = False,
) -> list[str] | dict[str, list[str]]:
    """List what is in an archive; with `verbose` by `dirs`, `files` and `links`, and those at the top.

    Names stand as the archive has them, also those that `archive.extract` would refuse.

    CLI Example:

        shoal '*' archive.list /srv/upload/site.tar.gz
        shoal '*' archive.list /srv/upload/site.zip strip_components=1 verbose=true
    """
    check_path(name)
    limits = Limits(max_bytes=MAX_BYTES * 8, max_members=MAX_MEMBERS, max_ratio=2**31)
    with opened(name, limits, wanted=archive_format) as source:
        found = sort_members(source.members(), strip_components)
    if not verbose:
        return sorted([*found["dirs"], *found["files"], *found["links"]])
    top = {f"top_level_{kind}": [each for each in names if _is_top(each)] for kind, names in found.items()}
    return {**found, **top}


@function(replay="safe")
def is_encrypted(ctx: Context, name: str) -> bool:
    """Say whether a zip has encrypted members.

    CLI Example:

        shoal '*' archive.is_encrypted /srv/upload/site.zip
    """
    check_path(name)
    with opened(name, Limits(max_bytes=2**62, max_ratio=2**31), wanted="zip") as source:
        return any(member.encrypted for member in source.members())


def sort_members(members: Iterable[Member], strip_components: int = 0) -> dict[str, list[str]]:
    """Return the members' names by kind, sorted and each once; folders end with a slash, also implied ones."""
    found: dict[str, set[str]] = {"dirs": set(), "files": set(), "links": set()}
    for member in members:
        listed = member.listed
        lead = "/" if listed.startswith("/") and not strip_components else ""
        parts = [part for part in listed.split("/") if part not in ("", ".")][strip_components:]
        if not parts:
            continue
        slash = "/" if member.kind == "dir" else ""
        found[_MEMBERS_OF[member.kind]].add(lead + "/".join(parts) + slash)
        found["dirs"].update(lead + "/".join(parts[:end]) + "/" for end in range(1, len(parts)))
    return {kind: sorted(names) for kind, names in found.items()}


def _is_top(name: str) -> bool:
    return "/" not in name.strip("/")
