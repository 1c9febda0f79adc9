"""The functions. A value that the kernel refuses is never written to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.sysctl import key
from modules.sysctl.conf_text import put, same, settings
from modules.text_file import edit_text, read_text
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

CONFIG: Final = "/etc/sysctl.d/99-shoal.conf"
_MAX_VALUE: Final = 4096  # a page: the kernel takes and gives no more at once
_MAX_SHOWN: Final = 20000


@function(inline=True, replay="safe")
def default_config(ctx: Context) -> str:
    """Return the file that `persist` writes unless told otherwise.

    CLI Example:

        shoal '*' sysctl.default_config
    """
    return CONFIG


@function(replay="safe")
def show(ctx: Context, config_file: str = "") -> dict[str, str]:
    """Return all kernel parameters that can be read, or those that a file sets; at most 20000.

    CLI Example:

        shoal '*' sysctl.show
        shoal '*' sysctl.show config_file=/etc/sysctl.d/99-shoal.conf
    """
    if config_file:
        return settings(read_text(config_file))
    found: dict[str, str] = {}
    for folder, folders, files in os.walk(key.PROC_SYS):
        folders.sort()
        above = Path(folder).relative_to(key.PROC_SYS).parts
        for name in sorted(files):
            if len(found) >= _MAX_SHOWN:
                return found
            try:
                found[key.dotted((*above, name))] = _read(Path(folder, name))
            except OSError:  # write-only, or not for us
                continue
    return found


@function(replay="safe")
def get(ctx: Context, name: str) -> str:
    """Return one kernel parameter; both `net.ipv4.ip_forward` and `net/ipv4/ip_forward` will do.

    CLI Example:

        shoal '*' sysctl.get kernel.ostype
        shoal '*' sysctl.get net/ipv4/conf/eth0.100/forwarding
    """
    try:
        return _read(key.path_of(name))
    except OSError as error:
        raise _refused(name, "read", error) from None


@function(replay="safe")
def assign(ctx: Context, name: str, value: str | int) -> dict[str, str]:
    """Set a kernel parameter until the next start and return what the kernel made of the value.

    CLI Example:

        shoal '*' sysctl.assign net.ipv4.ip_forward 1
    """
    return {name: _assign(name, _clean(value))}


@function(replay="safe")
def persist(ctx: Context, name: str, value: str | int, config: str = "") -> str:
    """Set a kernel parameter now and at each start; return `Updated` or `Already set`.

    Salt looks only at the file and leaves a running value that differs; here both are set. A file that is read
    later, such as /etc/sysctl.conf on some systems, can still override it at the next start.

    CLI Example:

        shoal '*' sysctl.persist net.ipv4.ip_forward 1
    """
    wanted = _clean(value)
    try:
        running = same(_read(key.path_of(name)), wanted)
    except PermissionError:  # write-only
        running = False
    except OSError as error:
        raise _refused(name, "read", error) from None
    if not running:
        _assign(name, wanted)
    written = edit_text(config or CONFIG, lambda text: put(text, name, wanted))
    return "Already set" if running and not written else "Updated"


def _assign(name: str, value: str) -> str:
    path = key.path_of(name)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode() + b"\n")
        finally:
            os.close(fd)
    except OSError as error:
        raise _refused(name, f"set to {value!r}", error) from None
    try:
        return _read(path)
    except OSError:  # write-only
        return value


def _read(path: Path) -> str:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        return os.read(fd, _MAX_VALUE).decode("utf-8", "replace").strip()
    finally:
        os.close(fd)


def _clean(value: str | int) -> str:
    text = str(value).strip()
    if not text or len(text) >= _MAX_VALUE or "\n" in text or "\0" in text:
        raise ArgumentError(
            f"a kernel parameter's value is one line of at most {_MAX_VALUE} bytes, not {text[:40]!r}"
        )
    return text


def _refused(name: str, what: str, error: OSError) -> ModuleError:
    if isinstance(error, FileNotFoundError):
        return ModuleError(f"{name}: the kernel has no such parameter; its module may not be loaded")
    return ModuleError(f"{name} cannot be {what}: {error.strerror}")
