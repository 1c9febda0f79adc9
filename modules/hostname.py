"""The box's name: the one in use, the one after the next start, and what people call it.

Where systemd runs its `hostnamectl` is asked, so that hostnamed knows; elsewhere /etc/hostname is written and the
kernel told.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
import socket
from pathlib import Path
from typing import Final, Literal

from modules import shell
from modules.context import Context
from modules.hosts.entries import HOSTS
from modules.hosts.table import Table
from modules.text_file import edit_text, lines_of, read_text, text_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

HOSTNAME: Final = "/etc/hostname"
MACHINE_INFO: Final = "/etc/machine-info"
SYSTEMD: Final = "/run/systemd/system"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_MAX: Final = 64  # the kernel's
Chassis = Literal[
    "",
    "desktop",
    "laptop",
    "convertible",
    "server",
    "tablet",
    "handset",
    "watch",
    "embedded",
    "vm",
    "container",
]


@function(inline=True, replay="safe", aliases=("network.get_hostname",))
def get(ctx: Context) -> str:
    """Return the name that the box has now.

    CLI Example:

        shoal '*' hostname.get
        shoal '*' network.get_hostname
    """
    return socket.gethostname()


@function(replay="safe")
def get_static(ctx: Context) -> str:
    """Return the name that the box has after its next start, as in /etc/hostname.

    CLI Example:

        shoal '*' hostname.get_static
    """
    lines = (line.strip() for line in read_text(HOSTNAME).splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


@function(replay="safe", aliases=("network.mod_hostname",))
def set_(ctx: Context, hostname: str, persist: bool = True) -> bool:
    """Name the box, now and with `persist` for good; the old name's loopback entries in /etc/hosts follow.

    CLI Example:

        shoal '*' hostname.set web2.example.org
        shoal '*' hostname.set test persist=False
        shoal '*' network.mod_hostname web2
    """
    check(hostname)
    old = socket.gethostname()
    if persist:  # first: a job that is run again after a crash must still know the old name
        edit_text(HOSTS, lambda text: renamed(text, old, hostname))
    if persist and not _by_systemd("set-hostname", hostname, "--static"):
        edit_text(HOSTNAME, lambda _: f"{hostname}\n")
    if old != hostname:
        _tell_kernel(hostname)
    return True


@function(replay="safe")
def get_pretty(ctx: Context) -> str:
    """Return what people call the box, an empty text if nothing is set.

    CLI Example:

        shoal '*' hostname.get_pretty
    """
    return _info("PRETTY_HOSTNAME")


@function(replay="safe")
def set_pretty(ctx: Context, name: str) -> bool:
    """Set what people call the box, in any letters; an empty text takes it away.

    CLI Example:

        shoal '*' hostname.set_pretty "Lennart's box"
    """
    if len(name) > 255 or not name.isprintable():
        raise ArgumentError("a pretty name is one line of at most 255 signs")
    if not _by_systemd("set-hostname", name, "--pretty"):
        _set_info("PRETTY_HOSTNAME", name)
    return True


@function(replay="safe")
def get_chassis(ctx: Context) -> str:
    """Return what kind of box somebody said this is, an empty text if nobody did.

    CLI Example:

        shoal '*' hostname.get_chassis
    """
    return _info("CHASSIS")


@function(replay="safe")
def set_chassis(ctx: Context, chassis: Chassis) -> bool:
    """Say what kind of box this is; an empty text leaves that to systemd's guess.

    CLI Example:

        shoal '*' hostname.set_chassis server
    """
    if not _by_systemd("set-chassis", chassis):
        _set_info("CHASSIS", chassis)
    return True


def is_name(text: str) -> bool:
    """Say whether a text can be the box's name."""
    return len(text) <= _MAX and _NAME.fullmatch(text) is not None


def check(hostname: str) -> None:
    """Raise ArgumentError for what cannot be the box's name."""
    if not is_name(hostname):
        raise ArgumentError(
            f"{hostname!r} is not a host name: letters, digits, - and dots, at most {_MAX} of them"
        )


def renamed(text: str, old: str, new: str) -> str:
    """Return a hosts file whose loopback lines have the new name, and its short form, in place of the old ones."""
    short, new_short = old.partition(".")[0], new.partition(".")[0]
    if not old or old == "localhost" or old == new:
        return text
    names = {short: new_short} if short != "localhost" else {}
    names[old] = new
    before = Table.parse(text)
    after = before.rename(_is_loopback, lambda name: names.get(name, name))
    return text if after == before else after.text()


def _is_loopback(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return False


def _tell_kernel(hostname: str) -> None:
    try:
        socket.sethostname(hostname)
    except OSError as error:
        raise ModuleError(f"the kernel does not take {hostname} as its name: {error.strerror}") from None


def _by_systemd(verb: str, value: str, *options: str) -> bool:
    """Ask hostnamectl; return False where systemd does not run."""
    if not Path(SYSTEMD).is_dir() or not shell.which("hostnamectl"):
        return False
    words = ["hostnamectl", "--no-ask-password", *options, verb, "--", value]
    shell.run(shell.Command(argv=words, env={"LC_ALL": "C"})).must_succeed()
    return True


def _info(name: str) -> str:
    for line in read_text(MACHINE_INFO).splitlines():
        if line.strip().startswith(f"{name}="):
            try:
                return "".join(shlex.split(line.strip()[len(name) + 1 :])[:1])
            except ValueError:
                return ""
    return ""


def _set_info(name: str, value: str) -> None:
    new = [f"{name}={shlex.quote(value)}"] if value else []

    def change(text: str) -> str:
        kept = [each for each in lines_of(text) if not each.strip().startswith(f"{name}=")]
        return text_of([*kept, *new])

    edit_text(MACHINE_INFO, change)
