"""One apt source, `deb [options] uri suite components`, and how a line of a `.list` file is read. Pure.

Source: sources.list(5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modules.pkgrepo.contract import without_password
from shoal.errors import ArgumentError

_LINE: Final = re.compile(r"(?P<type>deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<rest>\S.*)")
_WORD: Final = re.compile(r"(?:\[[^\]]*\]|[^\s\[])+")  # `cdrom:[Debian 12]/` is one word
_OPTION: Final = re.compile(r'([A-Za-z-]+)([+-]?=)("[^"]*"|\S*)')
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+-]*:")

_URI: Final = re.compile(r"[a-z][a-z0-9+-]*:/[!-Z\\^-~]+")  # printable, no brackets
_SUITE: Final = re.compile(r"[A-Za-z0-9./][A-Za-z0-9._/~+-]*")
_COMPONENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*")
_VALUE: Final = re.compile(r"[A-Za-z0-9/][A-Za-z0-9._/,:+-]*")
_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)*[+-]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One type, address and suite. Options have the names of the one-line form; lists have commas."""

    type: str
    uri: str
    suite: str
    comps: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    disabled: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same source: type, address and suite."""
        return self.type, self.uri.rstrip("/"), self.suite

    def line(self) -> str:
        """Return the source as a line of a `.list` file."""
        options = " ".join(f"{name}={value}" for name, value in self.options.items())
        words = [self.type, *([f"[{options}]"] if options else []), self.uri, self.suite, *self.comps]
        return ("# " if self.disabled else "") + " ".join(words)

    def shown(self, file: str) -> dict[str, Any]:
        """Return the source as Salt shows it."""
        found: dict[str, Any] = {
            "type": self.type,
            "uri": self.uri,
            "dist": self.suite,
            "comps": list(self.comps),
            "architectures": [each for each in self.options.get("arch", "").split(",") if each],
            "signedby": self.options.get("signed-by", ""),
            "disabled": self.disabled,
            "file": file,
            "line": self.line(),
        }
        rest = {k: v for k, v in self.options.items() if k not in ("arch", "signed-by", "trusted")}
        if "trusted" in self.options:
            found["trusted"] = is_yes(self.options["trusted"])
        return found | ({"options": rest} if rest else {})


def read_line(line: str) -> Source | None:
    """Read a line of a `.list` file, a disabled one too; None for prose and what apt would not understand."""
    text = line.strip()
    bare = text.lstrip("#").strip()
    match = _LINE.fullmatch(re.sub(r"\s#.*", "", bare))
    if not match:
        return None
    words = _WORD.findall(match["rest"])
    if len(words) < 2 or not _SCHEME.match(words[0]):
        return None
    options = {
        name + how[:-1]: value.strip('"') for name, how, value in _OPTION.findall(match["options"] or "")
    }
    return Source(
        type=match["type"],
        uri=words[0],
        suite=words[1],
        comps=tuple(words[2:]),
        options={name.lower(): value for name, value in options.items()},
        disabled=text.startswith("#"),
    )


def asked(text: str) -> Source:
    """Read what an operator typed. Raises ArgumentError."""
    if text.startswith("ppa:"):
        raise ArgumentError(
            f"{text}: give the whole line, `deb URL SUITE COMPONENTS`; PPA names are not looked up"
        )
    found = None if "\n" in text else read_line(text)
    if not found:
        raise ArgumentError(f"{without_password(text)!r} is no apt source; write `deb URL SUITE COMPONENTS`")
    return found


def checked(source: Source) -> Source:
    """Return what may be written to a file. Raises ArgumentError."""
    exact = source.suite.endswith("/")
    wrong = ""
    if not _URI.fullmatch(source.uri):
        wrong = f"address {without_password(source.uri)!r}"
    elif not _SUITE.fullmatch(source.suite) or ".." in source.suite:
        wrong = f"suite {source.suite!r}"
    elif bad := [each for each in source.comps if not _COMPONENT.fullmatch(each)]:
        wrong = f"component {bad[0]!r}"
    elif exact and source.comps:
        wrong = f"component {source.comps[0]!r} after the path {source.suite!r}"
    elif not exact and not source.comps:
        wrong = f"suite {source.suite!r} without a component"
    for name, value in source.options.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            wrong = f"option {name}={value!r}"
    if wrong:
        raise ArgumentError(f"{wrong} cannot be part of an apt source")
    return source


def is_yes(text: str) -> bool:
    """Read a truth value as apt does."""
    return text.strip().lower() in ("yes", "true", "with", "on", "enable", "1")


def is_no(text: str) -> bool:
    """Read a truth value as apt does."""
    return text.strip().lower() in ("no", "false", "without", "off", "disable", "0")
