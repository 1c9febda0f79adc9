"""`ext_pillar` in the master's configuration.

ext_pillar:
  - yaml_dir: /srv/pillar-boxes
  - command: [/usr/local/bin/cmdb, --yaml]
  - sql:
      url: postgresql://shoal@db.example.net/cmdb
      query: SELECT name, value FROM settings WHERE box = :minion_id
      under: cmdb
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shoal.config.kind import convert
from shoal.config.node import LIST, MAP, Node
from shoal.config.read import section_from
from shoal.config.setting import Setting, setting
from shoal.errors import ConfigError
from shoal.secret import Secret

KIND: Final = "a list of maps of one source each: yaml_dir, command or sql; see pillar.md"
_PLAIN: Final = Setting(doc="")


def _argv(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words or not words[0].startswith("/"):
        raise ValueError("a list of words, the first an absolute path")
    return words


def _query(text: str) -> str:
    if ":minion_id" not in text:
        raise ValueError("the query does not have the parameter :minion_id")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlDirSource:
    """A folder of YAML files."""

    path: Path = setting(doc="The folder")
    under: str = setting("", "Key below which the data goes, `a:b` for several levels")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSource:
    """A program that prints YAML or JSON."""

    argv: tuple[str, ...] = setting(doc="The program and its arguments; the box's id is added", check=_argv)
    timeout_s: float = setting(10.0, "It may take so long", low=0.1, high=300)
    under: str = setting("", "Key below which the data goes, `a:b` for several levels")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """A query for keys and values."""

    url: Secret = setting(doc="The database, as SQLAlchemy writes it")
    query: str = setting(doc="A query with :minion_id that gives a key and a value in each row", check=_query)
    under: str = setting("", "Key below which the data goes, `a:b` for several levels")


ExternalSource = YamlDirSource | CommandSource | SqlSource


def read_ext_pillar(node: Node) -> tuple[ExternalSource, ...]:
    """Return the sources in their order. Raises ConfigError."""
    if node.kind != LIST:
        raise ConfigError(f"{node.place}: 'ext_pillar' must be {KIND}")
    return tuple(_source(item) for item in node.items)


def _source(item: Node) -> ExternalSource:
    if not item.fields or len(item.fields) != 1:
        raise ConfigError(f"{item.place}: 'ext_pillar' must be {KIND}")
    ((name, given),) = item.fields.items()
    reader = _READERS.get(name)
    if reader is None:
        raise ConfigError(
            f"{given.place}: 'ext_pillar': there is no source {name[:40]!r}; there are {', '.join(_READERS)}"
        )
    return reader(given)


def _yaml_dir(node: Node) -> YamlDirSource:
    if node.kind == MAP:
        return section_from(node, YamlDirSource)
    return YamlDirSource(path=convert(node, Path, _PLAIN, "'yaml_dir'"))


def _command(node: Node) -> CommandSource:
    if node.kind == MAP:
        return section_from(node, CommandSource)
    words = convert(node, tuple[str, ...], _PLAIN, "'command'")
    try:
        return CommandSource(argv=_argv(words))
    except ValueError as error:
        raise ConfigError(f"{node.place}: 'command': {error}") from None


def _sql(node: Node) -> SqlSource:
    if node.kind != MAP:
        raise ConfigError(f"{node.place}: 'sql' must be a map with url and query")
    return section_from(node, SqlSource)


_READERS: Final[dict[str, Callable[[Node], ExternalSource]]] = {
    "yaml_dir": _yaml_dir,
    "command": _command,
    "sql": _sql,
}
