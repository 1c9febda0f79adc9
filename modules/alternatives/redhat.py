"""Red Hat's alternatives: there is only `--display`, a text for people, in English under LC_ALL=C."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from modules import shell
from modules.alternatives.group import Alternative, Group

ADMIN: Final = "/var/lib/alternatives"  # a file for each name: status, link, …
_STATUS: Final = re.compile(r"^\S+ - status is (auto|manual)\.$", re.MULTILINE)
_CURRENT: Final = re.compile(r"^ link currently points to (.+)$", re.MULTILINE)
_BEST: Final = re.compile(r"^Current [`']best' version is (.+?)\.$", re.MULTILINE)
_CHOICE: Final = re.compile(r"^(/.+?) - (?:family \S+ )?priority (\d+)$")
_SLAVE: Final = re.compile(r"^ (?:slave|follower) (\S+): (.*)$")


class RedHatAlternatives:
    """Asks `alternatives`."""

    def display(self, name: str) -> str:
        """Return the text for people; the tool succeeds, with nothing to say, for a name it does not know."""
        done = shell.run(_command("--display", name))
        return done.stdout.rstrip() if done.retcode == 0 else ""

    def query(self, name: str) -> Group | None:
        """Return what is known of a name."""
        text = self.display(name)
        return parse_display(name, text, _link(name)) if text else None

    def run(self, *words: str) -> str:
        """Let the tool do something."""
        return shell.run(_command(*words, merge=True)).must_succeed().stdout.rstrip()


def _command(*words: str, merge: bool = False) -> shell.Command:
    return shell.Command(argv=["alternatives", *words], env={"LC_ALL": "C"}, merge=merge)


def parse_display(name: str, text: str, link: str) -> Group:
    """Return the group that `--display` prints."""
    found: list[Alternative] = []
    for line in text.splitlines():
        if choice := _CHOICE.match(line):
            found.append(Alternative(path=choice[1], priority=int(choice[2])))
        elif (slave := _SLAVE.match(line)) and found and slave[2] != "(null)":
            found[-1].slaves[slave[1]] = slave[2]
    return Group(
        name=name,
        link=link,
        status=_first(_STATUS, text),
        best=_first(_BEST, text),
        value=_first(_CURRENT, text),
        alternatives=tuple(found),
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found.group(1) if found else ""


def _link(name: str) -> str:
    try:
        lines = Path(ADMIN, name).read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    return lines[1] if len(lines) > 1 else ""
