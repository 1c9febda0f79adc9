"""The functions. Sections and keys are told apart by case, as Salt does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modules.context import Context
from modules.ini.document import TOP, Document
from modules.text_file import edit_text, read_text
from shoal.errors import ArgumentError
from shoal.functions.function import function

Values = Mapping[str, "str | None"]
_SIMPLE: Final = (str, int, float, bool)


@function(replay="safe")
def get_ini(ctx: Context, file_name: str, separator: str = "=") -> dict[str, Any]:
    """Return all of a file: options before the first section by key, the others by section.

    CLI Example:

        shoal '*' ini.get_ini /etc/no-such-file.ini
    """
    return shown(_read(file_name, separator).sections())


@function(replay="safe")
def get_section(ctx: Context, file_name: str, section: str, separator: str = "=") -> dict[str, Any]:
    """Return the options of a section, an empty map if there is none; section "" is what is before the first.

    CLI Example:

        shoal '*' ini.get_section /etc/no-such-file.ini mysqld
    """
    return _texts(_read(file_name, separator).sections().get(section, {}))


@function(replay="safe")
def get_option(ctx: Context, file_name: str, section: str, option: str, separator: str = "=") -> str | None:
    """Return the value of an option, nothing if it is not there, an empty text if it stands alone.

    CLI Example:

        shoal '*' ini.get_option /etc/no-such-file.ini mysqld port
    """
    return get_section(ctx, file_name, section, separator).get(option)


@function(replay="safe")
def set_option(
    ctx: Context, file_name: str, sections: dict[str, Any], separator: str = "="
) -> dict[str, Any]:
    """Set options, section by section, and return what that changed; what is missing is added.

    A value that is no map is an option before the first section. null makes a key that stands alone.

    CLI Example:

        shoal '*' ini.set_option /etc/my.cnf '{mysqld: {port: 3307}}'
    """
    before = _read(file_name, separator)
    changes = changes_of(before, sections)
    edit_text(file_name, lambda text: with_options(Document.parse(text, separator), sections).text())
    return changes


@function(replay="safe")
def remove_option(
    ctx: Context, file_name: str, section: str, option: str, separator: str = "="
) -> str | None:
    """Take an option out and return the value it had, nothing if it was not there.

    CLI Example:

        shoal '*' ini.remove_option /etc/no-such-file.ini mysqld port
    """
    value = get_option(ctx, file_name, section, option, separator)
    if value is not None:
        edit_text(
            file_name, lambda text: Document.parse(text, separator).without_option(section, option).text()
        )
    return value


@function(replay="safe")
def remove_section(ctx: Context, file_name: str, section: str, separator: str = "=") -> dict[str, Any]:
    """Take a section out, with the comments in it, and return the options it had.

    CLI Example:

        shoal '*' ini.remove_section /etc/no-such-file.ini mysqld
    """
    document = _read(file_name, separator)
    if section in document.sections():
        edit_text(file_name, lambda text: Document.parse(text, separator).without_section(section).text())
    return _texts(document.sections().get(section, {}))


def with_options(document: Document, sections: Mapping[str, Any]) -> Document:
    """Return a document with these options. Raises ArgumentError."""
    for section, key, value in flat(sections):
        if key is None:
            document = document.with_section(section)
        elif document.separator in key:
            raise ArgumentError(f"ini: {key!r} has the sign that parts a key from its value")
        else:
            document = document.with_option(section, key, value)
    return document


def changes_of(document: Document, sections: Mapping[str, Any]) -> dict[str, Any]:
    """Return what setting these options changes, in Salt's shape. Raises ArgumentError."""
    had = document.sections()
    changes: dict[str, Any] = {}
    for section, key, value in flat(sections):
        if section and section not in had:
            new = changes.setdefault(section, {"before": None, "after": {}})
            new["after"] |= {} if key is None else {key: value or ""}
        elif key is not None and (not document.has(section, key) or had[section][key] != value):
            old = had[section][key] or "" if document.has(section, key) else None
            place = changes.setdefault(section, {}) if section else changes
            place[key] = {"before": old, "after": value or ""}
    return changes


def flat(sections: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """Return section, key and value of each option; the key is None for the section itself. Raises ArgumentError."""
    found: list[tuple[str, str | None, str | None]] = []
    for name, inner in sections.items():
        if not isinstance(inner, Mapping):
            found.append((TOP, _name(name), _value(name, inner)))
            continue
        found.append((_section(name), None, None))
        found += [(name, _name(key), _value(key, value)) for key, value in inner.items()]
    return found


def check_separator(separator: str) -> None:
    """Raise ArgumentError for what cannot part a key from its value."""
    if len(separator) != 1 or separator in "#;[]\n":
        raise ArgumentError(f"ini: {separator!r} cannot part a key from its value")


def shown(sections: Mapping[str, Values]) -> dict[str, Any]:
    """Return a document's content as plain data."""
    top = _texts(sections.get(TOP, {}))
    return {**top, **{name: _texts(values) for name, values in sections.items() if name != TOP}}


def _texts(values: Values) -> dict[str, Any]:
    return {key: value or "" for key, value in values.items()}


def _read(file_name: str, separator: str) -> Document:
    check_separator(separator)
    return Document.parse(read_text(file_name), separator)


def _section(name: str) -> str:
    if not name or any(sign in name for sign in "]\n\r\0"):
        raise ArgumentError(f"ini: {name!r} cannot be the name of a section")
    return name


def _name(key: str) -> str:
    if not key.strip() or key != key.strip() or key[0] in "#;[" or any(sign in key for sign in "\n\r\0"):
        raise ArgumentError(f"ini: {key!r} cannot be a key")
    return key


def _value(key: str, value: Any) -> str | None:
    if value is None:
        return None
    text = str(value) if isinstance(value, _SIMPLE) else None
    if (
        text is None
        or "\0" in text
        or any(line.strip()[:1] in ("", "#", ";") for line in text.split("\n")[1:])
    ):
        raise ArgumentError(
            f"ini: the value of {key} must be text or a number, without empty or comment lines"
        )
    return "\n".join(line.strip() for line in text.split("\n"))
