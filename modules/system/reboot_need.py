"""Says whether the box should be restarted, and why: reads files only."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.system.small_file import read_small
from shoal.errors import ModuleError
from shoal.functions.function import function

MARKS: Final = (Path("/run/reboot-required"), Path("/var/run/reboot-required"))  # Debian's, by its packages
KERNELS: Final = Path("/lib/modules")
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_VERSION: Final = re.compile(r"(\d+(?:[.-]\d+)*)(.*)", re.ASCII)
_DISTRIBUTION: Final = re.compile(r"\.(?:el|fc)\d+(?:_\d+)?")  # part of the version, not of the flavour


@function(inline=True, replay="safe")
def get_reboot_required_witnessed(ctx: Context) -> bool:
    """Say whether the box should be restarted: a package asks for it, or another kernel was installed.

    CLI Example:

        shoal '*' system.get_reboot_required_witnessed
    """
    return bool(reasons(os.uname().release))


@function(inline=True, replay="safe")
def reboot_reasons(ctx: Context) -> list[str]:
    """List why the box should be restarted; nothing if it need not be.

    CLI Example:

        shoal '*' system.reboot_reasons
    """
    return reasons(os.uname().release)


@function(inline=True, replay="safe", aliases=("system.random_boot_id",))
def boot_id(ctx: Context) -> str:
    """Return the random id of this boot: another one means that the box was restarted.

    CLI Example:

        shoal '*' system.boot_id
    """
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError as error:
        raise ModuleError(f"{BOOT_ID} cannot be read: {error.strerror}") from None


def reasons(running: str) -> list[str]:
    """Return why a box that runs kernel `running` should be restarted."""
    found = []
    for mark in MARKS:
        if mark.exists():
            packages = " ".join(sorted(set(read_small(mark.with_name(f"{mark.name}.pkgs")).split())))
            found.append(f"{mark} is there" + (f", left by {packages}" if packages else ""))
            break
    installed = _installed()
    newer = [name for name in installed if is_newer(name, running)]
    if newer:
        found.append(f"kernel {max(newer, key=_key)} is installed, {running} runs")
    elif (
        installed
        and running not in installed
        and any(_flavour(name) == _flavour(running) for name in installed)
    ):
        found.append(f"kernel {running} runs, but it is not installed any more")
    return found


def is_newer(name: str, running: str) -> bool:
    """Say whether kernel `name` is of the flavour (`-amd64`, `-rpi-v8`) of `running` and has a higher version."""
    return _flavour(name) == _flavour(running) and _key(name) > _key(running)


def _installed() -> list[str]:
    """Return the kernels that have modules: a removed one may leave a folder without."""
    return sorted(path.parent.name for path in KERNELS.glob("*/modules.dep"))


def _key(name: str) -> tuple[int, ...]:
    match = _VERSION.match(name)
    return tuple(int(part) for part in re.split(r"[.-]", match[1])) if match else ()


def _flavour(name: str) -> str:
    match = _VERSION.match(name)
    return _DISTRIBUTION.sub("", match[2]) if match else name
