"""Reads configuration files into a section, or refuses with one line that says where and what.

    /etc/shoal/minion:12: unknown key 'mater'. Did you mean 'master'?

Later files win; maps are merged key by key. For a key that only Salt has, the line says what to do instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from shoal.config.kind import checked, convert, expected, without_none
from shoal.config.near_name import did_you_mean
from shoal.config.node import Node, merged
from shoal.config.setting import setting_of
from shoal.errors import ConfigError
from shoal.ownership import doubt

Section = TypeVar("Section")


def read_config(files: Sequence[Path], section: type[Section]) -> Section:
    """Return `section` with what `files` say and its defaults for the rest; all files must exist.

    Raises:
        ConfigError: a file cannot be read or is no YAML map; an unknown or missing key; a value of the wrong
            type or out of range; values that contradict each other.
    """
    if not files:
        return _build(None, section, "")
    from shoal.config.yaml_file import read_yaml  # 12 ms and 3 MiB that a box without files does not pay

    node = read_yaml(files[0])
    for path in files[1:]:
        node = merged(node, read_yaml(path))
    for path in files:
        if why := doubt(path):
            raise ConfigError(f"{path}: {why}")
    return _build(node, section, ", ".join(str(path) for path in files))


def section_from(node: Node, section: type[Section]) -> Section:
    """Return `section` as `node` (a map) says. Raises ConfigError."""
    return _build(node, section, node.file)


def _build(node: Node | None, section: type[Section], source: str) -> Section:
    given: Mapping[str, Node] = (node.fields or {}) if node else {}
    known = {made.name: made for made in fields(section) if made.init}  # type: ignore[arg-type]
    for key, value in given.items():
        if key not in known:
            raise _unknown(key, value, known)
    hints = get_type_hints(section)
    values = {key: _value(given[key], known[key], hints[key]) for key in given}
    missing = [name for name, made in known.items() if name not in given and _is_required(made)]
    if missing:
        what = expected(hints[missing[0]], setting_of(known[missing[0]]))
        raise ConfigError(f"{source or 'configuration'}: {missing[0]!r} is missing ({what})")
    try:
        return section(**values)
    except ConfigError as error:  # from __post_init__: values that contradict each other
        raise ConfigError(f"{source}: {error}" if source else str(error)) from None


def _value(node: Node, made: Field[Any], hint: Any) -> Any:
    rules = setting_of(made)
    name = repr(made.name)
    if rules.parse is not None:
        return rules.parse(node)
    kind, _ = without_none(hint)
    if isinstance(kind, type) and is_dataclass(kind):
        if node.fields is None:
            raise ConfigError(f"{node.place}: {name} must be a map, got {node.shown()}")
        return _build(node, kind, node.place)
    return checked(convert(node, hint, rules, name), node, rules, name)


def _is_required(made: Field[Any]) -> bool:
    return made.default is MISSING and made.default_factory is MISSING


def _unknown(key: str, node: Node, known: Mapping[str, Any]) -> ConfigError:
    from shoal.config.salt_keys import salt_advice  # only for the mistake

    shown = key if len(key) <= 60 else key[:60] + "…"
    if advice := salt_advice(key):
        return ConfigError(f"{node.place}: {shown!r} is a key of Salt's that Shoal does not have: {advice}")
    hint = did_you_mean(key, known) or " Delete the line, or see the manual for the keys there are"
    return ConfigError(f"{node.place}: unknown key {shown!r}.{hint}")
