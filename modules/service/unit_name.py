"""Checks a service's name and completes it as systemd does: `ssh` is `ssh.service`, `getty@tty1` an instance.

A name that could be read as an option or a path is refused here, before any program sees it. Pure: no IO.
"""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import ArgumentError

# What has a unit file. Slices and scopes are made by systemd itself and are nobody's service.
TYPES: Final = ("service", "socket", "device", "mount", "automount", "swap", "target", "path", "timer")
_ALL_TYPES: Final = frozenset((*TYPES, "slice", "scope"))
_MAX_LENGTH: Final = 255
_UNIT: Final = re.compile(r"[A-Za-z0-9:_.\\@][A-Za-z0-9:_.\\@-]*", re.ASCII)
_PATTERN: Final = re.compile(r"[A-Za-z0-9:_.\\@*?\[\]!-]+", re.ASCII)
_SCRIPT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+:@-]*", re.ASCII)


def unit_name(name: str) -> str:
    """Return the full name of a systemd unit. Raises ArgumentError for what cannot be one."""
    if not _UNIT.fullmatch(name) or name.startswith("."):
        raise ArgumentError(f"{name!r} cannot be the name of a unit: letters, digits and : _ . \\ @ - only")
    full = name if name.rpartition(".")[2] in _ALL_TYPES and "." in name else f"{name}.service"
    if len(full) > _MAX_LENGTH or full.startswith("@"):
        raise ArgumentError(f"{name!r} cannot be the name of a unit")
    return full


def instance_name(name: str) -> str:
    """Return the full name of a unit that can run: not of a template such as `getty@`. Raises ArgumentError."""
    full = unit_name(name)
    if is_template(full):
        raise ArgumentError(
            f"{full} is a template; name one of its instances, e.g. {full.replace('@', '@x')}"
        )
    return full


def is_template(unit: str) -> bool:
    """Say whether `unit` needs an instance's name after its `@`."""
    return unit.rpartition(".")[0].endswith("@")


def short_name(unit: str) -> str:
    """Return `ssh` for `ssh.service`; units of another type keep theirs."""
    return unit.removesuffix(".service")


def script_name(name: str) -> str:
    """Return the name of an OpenRC service; `ssh.service` is `ssh`. Raises ArgumentError."""
    short = short_name(name)
    if not _SCRIPT.fullmatch(short) or len(short) > _MAX_LENGTH:
        raise ArgumentError(f"{name!r} cannot be the name of a service: letters, digits and _ . + : @ - only")
    return short


def is_glob(name: str) -> bool:
    """Say whether `name` stands for several. Raises ArgumentError for a pattern that fits no name."""
    if not any(c in name for c in "*?["):
        return False
    if not _PATTERN.fullmatch(name):
        raise ArgumentError(f"{name!r} cannot be a pattern for names of services")
    return True
