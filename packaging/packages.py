"""What the two packages are made of. Programs and what they need are read from setup.cfg: nothing is said twice.

Each package is whole in a folder of its own below /usr/lib: the tree's plain names (`shoal`, `pki`) are nobody else's
business, and both packages fit on one host.
"""

from __future__ import annotations

import configparser
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# PyPI's name, Debian's name. What is in vendored.txt needs none.
DEBIAN_NAMES = {
    "pyzmq": "python3-zmq",
    "msgpack": "python3-msgpack",
    "PyNaCl": "python3-nacl",
    "psutil": "python3-psutil",
    "PyYAML": "python3-yaml",
    "Jinja2": "python3-jinja2",
}

# -I: nothing of the calling user's Python gets in: no PYTHON… variable, current folder, ~/.local.
# -B: nothing is written below /usr; the package's scripts compile.
LAUNCHER = """\
#!/usr/bin/python3 -IB
import sys; sys.path[:0] = {folders}
from {module} import {function}; sys.exit({function}())
"""
RTUPDATE = """\
#!/bin/sh
# Debian's Python has changed: compile for the new one.
set -e
if [ "$1" = rtupdate ]; then
    py3clean -p {name}
    py3compile -p {name} /{prefix}
fi
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One Debian package."""

    name: str
    program: str  # as in shoal.paths: "master" or "minion"
    rooms: tuple[str, ...]
    extra: str = ""  # of setup.cfg, besides what everybody needs
    debian: tuple[str, ...] = ()  # packages that no line of setup.cfg stands for
    vendored: bool = False

    @property
    def folder(self) -> Path:
        """Where its scripts, unit and control file are in the tree."""
        return ROOT / "packaging" / self.name

    @property
    def prefix(self) -> str:
        """Where its code is on a box, without the leading slash."""
        return f"usr/lib/{self.name}"

    def programs(self) -> dict[str, tuple[str, str]]:
        """Return module and function of each program that lives in one of its rooms but not the other package's."""
        lines = _setup()["options.entry_points"]["console_scripts"].split("\n")
        found = {}
        for line in filter(None, lines):
            name, module, function = re.split(r"\s*[=:]\s*", line.strip())
            if module.partition(".")[0] == self.program:
                found[name] = (module, function)
        return found

    def launcher(self, module: str, function: str) -> str:
        """Return the text of a program."""
        folders = [f"/{self.prefix}"] + ([f"/{self.prefix}/vendored"] if self.vendored else [])
        return LAUNCHER.format(folders=folders, module=module, function=function)

    def rtupdate(self) -> str:
        """Return the text of the script that is run when Debian's Python changes."""
        return RTUPDATE.format(name=self.name, prefix=self.prefix)

    def depends(self) -> list[str]:
        """Return its Depends."""
        lines = _setup()["options"]["install_requires"].split("\n")
        if self.extra:
            lines += _setup()["options.extras_require"][self.extra].split("\n")
        least = "3.11" if self.vendored else "3.10"  # the vendored SQLAlchemy wants 3.11
        own = [_debian(line) for line in lines if line and _name(line) not in vendored_names()]
        return [f"python3 (>= {least})", *own, *self.debian]


PACKAGES = (
    Package(name="shoal-minion", program="minion", rooms=("shoal", "pki", "modules", "states", "minion")),
    Package(
        name="shoal-master",
        program="master",
        rooms=("shoal", "pki", "returners", "master"),
        extra="master",
        debian=("python3-markupsafe", "adduser"),
        vendored=True,
    ),
)


def vendored_names() -> set[str]:
    """Return PyPI's names of what is laid into the master's package."""
    lines = (ROOT / "packaging/vendored.txt").read_text().splitlines()
    return {line.partition("==")[0] for line in lines if line and not line.startswith("#")}


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return setup


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ]", requirement)[0]


def _debian(requirement: str) -> str:
    name, least = _name(requirement), requirement.partition(">=")[2]
    if name not in DEBIAN_NAMES:
        sys.exit(
            f"make deb: setup.cfg wants {name}: name Debian's package in packaging/packages.py, or vendor it"
        )
    return f"{DEBIAN_NAMES[name]} (>= {least})"
