"""Options and sections of INI files, one by one; all else in the files stays as it is."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.ini import editing
from modules.ini.document import TOP, Document
from shoal.errors import ArgumentError
from states.declare import state
from states.plan import Call, Plan, call
from states.text_steps import TextSteps


@state
def options_present(
    ctx: Context, name: str, sections: dict[str, Any], separator: str = "=", strict: bool = False
) -> Plan:
    """Have options in a file, section by section; what is no map is an option before the first section.

    With `strict` nothing else is in the file. A value of null is a key that stands alone.

    Example:

        /etc/my.cnf:
          ini.options_present:
            - sections:
                mysqld:
                  port: 3307
                  skip-name-resolve: null
    """
    file = _File(name, separator)
    wanted = editing.flat(sections)
    if strict:
        file.strip(wanted)
    missing = {(section, key) for section, key, value in wanted if not file.holds(section, key, value)}
    changes = editing.changes_of(file.document, sections)
    for section, key, _value in wanted:
        if key is not None:
            word = "Changed" if (section, key) in missing else "Unchanged"
            file.say(f"{word} key {key}{_in(section)}.")
        elif (section, key) in missing and not any(each[0] == section and each[1] for each in wanted):
            file.say(f"Created new section {section}.")
    if missing:
        file.make(
            call(editing.set_option, file_name=name, sections=sections, separator=separator),
            editing.with_options(file.document, sections),
        )
    file.note(changes)
    return file.plan()


@state
def options_absent(
    ctx: Context, name: str, sections: dict[str, Any] | list[str], separator: str = "="
) -> Plan:
    """Have options not in a file: a list of keys for each section, or only keys, before the first section.

    Example:

        /etc/my.cnf:
          ini.options_absent:
            - sections:
                mysqld:
                  - skip-name-resolve
    """
    file = _File(name, separator)
    for section, keys in _unwanted(sections):
        for key in keys:
            file.lose(section, key)
    return file.plan()


@state
def sections_present(
    ctx: Context, name: str, sections: dict[str, Any] | list[str], separator: str = "="
) -> Plan:
    """Have sections in a file, with these options if some are given.

    Example:

        /etc/my.cnf:
          ini.sections_present:
            - sections:
              - mysqld
              - client
    """
    wanted = sections if isinstance(sections, dict) else {each: {} for each in sections}
    wanted = {section: inner or {} for section, inner in wanted.items()}
    if bare := [section for section, inner in wanted.items() if not isinstance(inner, dict)]:
        raise ArgumentError(
            f"ini.sections_present: {bare[0]} must be a section: a map of options, or nothing"
        )
    file = _File(name, separator)
    had = file.document.sections()
    for section in wanted:
        file.say(f"Created new section {section}." if section not in had else f"Section unchanged {section}.")
    changes = editing.changes_of(file.document, wanted)
    if changes:
        file.make(
            call(editing.set_option, file_name=name, sections=wanted, separator=separator),
            editing.with_options(file.document, wanted),
        )
    file.note(changes)
    return file.plan()


@state
def sections_absent(ctx: Context, name: str, sections: list[str], separator: str = "=") -> Plan:
    """Have sections not in a file; their options and the comments in them go with them.

    Example:

        /etc/my.cnf:
          ini.sections_absent:
            - sections:
              - client
    """
    file = _File(name, separator)
    for section in sections:
        had = file.document.sections()
        if section not in had:
            file.say(f"Section {section} does not exist.")
            continue
        file.say(f"Deleted section {section}.")
        file.drop(section)
        file.note({section: {key: value or "" for key, value in had[section].items()}})
    return file.plan()


class _File:
    """A file while a plan for it is made: what it holds by now, and what is told."""

    def __init__(self, path: str, separator: str) -> None:
        self._path = path
        self._separator = separator
        self._steps = TextSteps(path)
        self._said: list[str] = []
        self._changes: dict[str, Any] = {}
        editing.check_separator(separator)
        self.document = Document.parse(self._steps.text, separator)

    def say(self, text: str) -> None:
        """Add a line to what a test run says."""
        self._said.append(f"{text}\n")

    def note(self, changes: dict[str, Any]) -> None:
        """Add changes to those that were told for the same sections."""
        for key, value in changes.items():
            known = self._changes.get(key)
            self._changes[key] = {**known, **value} if isinstance(known, dict) else value

    def make(self, do: Call, document: Document) -> None:
        """Add a call that leaves this document."""
        self._steps.add(do, document.text())
        self.document = document

    def holds(self, section: str, key: str | None, value: str | None) -> bool:
        """Say whether an option has this value, or, without a key, whether there is the section."""
        if key is None:
            return section in self.document.sections()
        return self.document.has(section, key) and self.document.sections()[section][key] == value

    def lose(self, section: str, key: str) -> None:
        """Take an option out, and tell it."""
        if not self.document.has(section, key):
            self.say(f"Key {key}{_in(section)} does not exist.")
            return
        self.say(f"Deleted key {key}{_in(section)}.")
        value = self.document.sections()[section][key] or ""
        self.note({section: {key: value}} if section else {key: value})
        self._without(section, key)

    def drop(self, section: str) -> None:
        """Take a section out."""
        do = call(editing.remove_section, file_name=self._path, section=section, separator=self._separator)
        self.make(do, self.document.without_section(section))

    def strip(self, wanted: list[tuple[str, str | None, str | None]]) -> None:
        """Take out what is not wanted, and tell it."""
        keys = {(section, key) for section, key, _value in wanted}
        for section, values in self.document.sections().items():
            if section != TOP and (section, None) not in keys:
                self.say(f"Removed section {section}.")
                before = {key: value or "" for key, value in values.items()}
                self.note({section: {"before": before, "after": None}})
                self.drop(section)
                continue
            for key in [key for key in values if (section, key) not in keys]:
                self.say(f"Deleted key {key}{_in(section)}." if section else f"Removed key {key}.")
                change = {key: {"before": values[key] or "", "after": None}}
                self.note({section: change} if section else change)
                self._without(section, key)

    def plan(self) -> Plan:
        """Return the plan."""
        steps = self._steps.all()
        return Plan(
            steps=steps,
            changes=self._changes,
            would="".join(self._said),
            did="Changes take effect" if steps else "No anomaly detected",
        )

    def _without(self, section: str, key: str) -> None:
        words = {"file_name": self._path, "section": section, "option": key, "separator": self._separator}
        self.make(call(editing.remove_option, **words), self.document.without_option(section, key))


def _in(section: str) -> str:
    return f" in section {section}" if section else ""


def _unwanted(sections: dict[str, Any] | list[str]) -> list[tuple[str, list[str]]]:
    if isinstance(sections, list):
        return [(TOP, sections)]
    found: list[tuple[str, list[str]]] = []
    for section, keys in sections.items():
        if isinstance(keys, (list, dict)):
            found.append((section, [str(key) for key in keys]))
        else:
            found.append((TOP, [section]))
    return found
