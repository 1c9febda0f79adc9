"""Debian's update-alternatives: `--query` is made for programs, fields as in a control file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modules import shell
from modules.alternatives.group import Alternative, Group

FOLDERS: Final[
    tuple[str, ...]
] = ()  # options for another --altdir, --admindir and --log; a test gives its own


class DebianAlternatives:
    """Asks `update-alternatives`."""

    def display(self, name: str) -> str:
        """Return the text for people."""
        done = shell.run(_command("--display", name))
        return done.stdout.rstrip() if done.retcode == 0 else ""

    def query(self, name: str) -> Group | None:
        """Return what is known of a name."""
        done = shell.run(_command("--query", name))
        return parse_query(done.stdout) if done.retcode == 0 else None

    def run(self, *words: str) -> str:
        """Let the tool do something."""
        return shell.run(_command(*words, merge=True)).must_succeed().stdout.rstrip()


def _command(*words: str, merge: bool = False) -> shell.Command:
    return shell.Command(argv=["update-alternatives", *FOLDERS, *words], env={"LC_ALL": "C"}, merge=merge)


def parse_query(text: str) -> Group:
    """Return the group that `--query` prints: a paragraph on it and one for each alternative."""
    head, *others = _paragraphs(text)
    return Group(
        name=head.get("Name", ""),
        link=head.get("Link", ""),
        status=head.get("Status", ""),
        best=_path(head.get("Best", "")),
        value=_path(head.get("Value", "")),
        alternatives=tuple(_alternative(each) for each in others),
    )


def _alternative(fields: dict[str, str]) -> Alternative:
    slaves = dict(line.split(" ", 1) for line in fields.get("Slaves", "").splitlines() if " " in line)
    return Alternative(
        path=fields.get("Alternative", ""), priority=int(fields.get("Priority", "0")), slaves=slaves
    )


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    for block in text.strip().split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith(" "):
                fields[name] = f"{fields.get(name, '')}\n{line[1:]}".lstrip("\n")
            else:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        yield fields


def _path(value: str) -> str:
    return "" if value == "none" else value
