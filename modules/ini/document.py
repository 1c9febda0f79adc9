"""The text of an INI file as lines. Pure; comments, order and every line that is not meant stay to the byte.

1. Options before the first section belong to the section "".
2. What begins with `#` or `;` is a comment; a comment behind a value is part of the value.
3. A line that is indented deeper than the option before it goes on with its value, as Python reads it; options that
   are indented alike, as git writes them, stay options.
4. A key without a separator is an option whose value is None.
5. Where a key stands twice the last one counts and is changed; removing takes all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from modules.text_file import lines_of, text_of

_SECTION: Final = re.compile(r"\s*\[([^\]]+)\]\s*(?:[#;].*)?")
TOP: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option and its lines: from `first` up to, not including, `end`."""

    section: str
    key: str
    value: str | None
    head: str  # its first line up to the value
    first: int
    end: int


@dataclass(frozen=True, slots=True)
class Header:
    """A section begins in line `at`."""

    section: str
    at: int


@dataclass(frozen=True, slots=True)
class Document:
    """An INI file. Every change returns another document."""

    lines: tuple[str, ...]
    separator: str
    options: tuple[Option, ...]
    headers: tuple[Header, ...]

    @classmethod
    def parse(cls, text: str, separator: str = "=") -> Document:
        """Return the document that a text holds."""
        return cls._of(lines_of(text), separator)

    @classmethod
    def _of(cls, lines: Iterable[str], separator: str) -> Document:
        kept = tuple(lines)
        options: list[Option] = []
        headers: list[Header] = []
        section = TOP
        open_indent = -1  # of the option that a deeper line goes on with; -1 = none
        for at, line in enumerate(kept):
            bare = line.strip()
            if not bare or bare[0] in "#;":
                continue
            indent = len(line) - len(line.lstrip())
            if found := _SECTION.fullmatch(line):
                section, open_indent = found[1], -1
                headers.append(Header(section, at))
            elif 0 <= open_indent < indent:
                last = options[-1]
                options[-1] = replace(last, value=f"{last.value or ''}\n{bare}", end=at + 1)
            else:
                options.append(_option(line, separator, section, at))
                open_indent = indent
        return cls(kept, separator, tuple(options), tuple(headers))

    def text(self) -> str:
        """Return the file's text."""
        return text_of(self.lines)

    def sections(self) -> dict[str, dict[str, str | None]]:
        """Return all options by section, the section "" among them if it has any."""
        found: dict[str, dict[str, str | None]] = {TOP: {}} if self._has_top() else {}
        found |= {header.section: {} for header in self.headers}
        for option in self.options:
            found[option.section][option.key] = option.value
        return found

    def has(self, section: str, key: str) -> bool:
        """Say whether there is such an option."""
        return any(each.section == section and each.key == key for each in self.options)

    def with_section(self, section: str) -> Document:
        """Return a document that has this section, at its end if it is new."""
        if section == TOP or any(each.section == section for each in self.headers):
            return self
        gap = [""] if self.lines and self.lines[-1].strip() else []
        return self._of([*self.lines, *gap, f"[{section}]"], self.separator)

    def with_option(self, section: str, key: str, value: str | None) -> Document:
        """Return a document in which an option has this value; a new one comes behind the section's others."""
        found = [each for each in self.options if each.section == section and each.key == key]
        if found and found[-1].value == value:
            return self
        if found:
            last = found[-1]
            return self._spliced(last.first, last.end, self._written(last.head, key, value))
        grown = self.with_section(section)
        at, like = grown._place(section)
        head = _head_like(like, key, self.separator)
        return grown._spliced(at, at, self._written(head, key, value))

    def without_option(self, section: str, key: str) -> Document:
        """Return a document without an option."""
        gone = {
            at
            for each in self.options
            if each.section == section and each.key == key
            for at in range(each.first, each.end)
        }
        return self._without(gone)

    def without_section(self, section: str) -> Document:
        """Return a document without a section, its options and the comments in it."""
        gone: set[int] = set()
        starts = [each.at for each in self.headers]
        for header in self.headers:
            if header.section == section:
                end = next((at for at in starts if at > header.at), len(self.lines))
                gone |= set(range(header.at, end))
        return self._without(gone)

    def _has_top(self) -> bool:
        return any(each.section == TOP for each in self.options)

    def _without(self, gone: set[int]) -> Document:
        if not gone:
            return self
        return self._of((line for at, line in enumerate(self.lines) if at not in gone), self.separator)

    def _spliced(self, first: int, end: int, new: list[str]) -> Document:
        return self._of([*self.lines[:first], *new, *self.lines[end:]], self.separator)

    def _written(self, head: str, key: str, value: str | None) -> list[str]:
        if value is None:
            return [key]
        if self.separator.strip() not in head or (not self.separator.strip() and head.strip() == head):
            head = _head_like(None, key, self.separator)
        first, *more = value.split("\n")
        return [f"{head}{first}".rstrip() if not first else f"{head}{first}", *(f"\t{each}" for each in more)]

    def _place(self, section: str) -> tuple[int, Option | None]:
        """Return the line where a new option of a section goes, and the option whose manner it has."""
        own = [each for each in self.options if each.section == section]
        like = own[-1] if own else next((each for each in self.options if each.value is not None), None)
        if own:
            return own[-1].end, like
        if section == TOP:
            return 0, like
        return next(each.at for each in reversed(self.headers) if each.section == section) + 1, like


def _option(line: str, separator: str, section: str, at: int) -> Option:
    before, sign, after = line.partition(separator) if separator.strip() else _at_blank(line)
    if not sign:
        return Option(section=section, key=line.strip(), value=None, head=line, first=at, end=at + 1)
    blank = after[: len(after) - len(after.lstrip())]
    return Option(
        section=section,
        key=before.strip(),
        value=after.strip(),
        head=before + sign + blank,
        first=at,
        end=at + 1,
    )


def _at_blank(line: str) -> tuple[str, str, str]:
    """Split where key and value are parted by blanks alone."""
    found = re.fullmatch(r"(\s*\S+)(\s+)(.*)", line)
    return (found[1], found[2], found[3]) if found else (line, "", "")


def _head_like(like: Option | None, key: str, separator: str) -> str:
    """Return a first line up to the value, indented and spaced as another option's."""
    if like is None or like.value is None:
        return f"{key} {separator} " if separator.strip() else f"{key} "
    return like.head.replace(like.key, key, 1)
