"""`file.serialize`: a file whose content is data, written as YAML, JSON or an INI file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from io import StringIO
from typing import Any, Final

from modules.context import Context
from shoal.errors import ModuleError
from shoal.lookup import MISSING, traverse
from shoal.merge import recurse
from states.declare import state
from states.file.contents import ContentsOptions
from states.file.edits import read, text_of
from states.file.managed import ManagedOptions, managed
from states.file.paths import absolute_path, look
from states.file.perms import Mode
from states.plan import Done, Plan, unchanged

Options = dict[str, Any] | list[dict[str, Any]] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOptions:
    """How the file is to be. As for `file.managed`."""

    user: str | int | None = None
    group: str | int | None = None
    mode: Mode = None
    makedirs: bool = False
    dir_mode: Mode = None
    create: bool = True
    backup: bool | str = ""
    show_changes: bool = True
    check_cmd: str = ""
    encoding: str = ""
    encoding_errors: str = "strict"


_FILE: Final = FileOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class SerializeOptions:
    """How the data is written. Spellings are Salt's."""

    serializer: str = ""  # yaml, json or configparser
    formatter: str = ""  # another name for it
    serializer_opts: dict[str, Any] | list[Any] | None = None  # yaml, json: indent, sort_keys and so on
    deserializer_opts: dict[str, Any] | list[Any] | None = None
    merge_if_exists: bool = False


_DEFAULTS: Final = SerializeOptions()


@state
def serialize(
    ctx: Context,
    name: str,
    dataset: Any = None,
    dataset_pillar: str | None = None,
    options: SerializeOptions = _DEFAULTS,
    file: FileOptions = _FILE,
) -> Plan:
    """Keep a file that has this data, as YAML unless `serializer` says json or configparser.

    With `merge_if_exists` the data is laid over what the file has, map by map.

    Example:

        /etc/app/settings.json:
          file.serialize:
            - dataset: {port: 8080, hosts: [a, b]}
            - serializer: json
            - mode: '0640'
    """
    data = _dataset(ctx, dataset, dataset_pillar)
    kind = options.serializer or options.formatter or "yaml"
    if kind not in _WRITERS:
        raise ModuleError(
            f"The {kind} serializer could not be found. It either does not exist or its prerequisites are not"
            " installed."
        )
    if not file.create and not look(absolute_path(name), content=False).there:
        return unchanged(f"File {name} is not present and is not set for creation")
    before: Any = None
    if options.merge_if_exists and look(absolute_path(name), content=False).there:
        before = _existing(ctx, name, kind)
        if isinstance(before, dict) and isinstance(data, dict):
            data = recurse(before, data)
        if data == before:
            return unchanged(f"The file {name} is in the correct state")
    try:
        text = _WRITERS[kind](data, _flat(options.serializer_opts))
    except (TypeError, ValueError, AttributeError) as error:
        raise ModuleError(f"Failed to serialize the data: {error}") from None
    plan = _managed(ctx, name, text, file)
    if isinstance(before, dict) and isinstance(data, dict):
        plan = _with_difference(plan, difference(before, data))
    return plan


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between two maps, as old and new, map by map."""
    found: dict[str, Any] = {}
    for key in (*before, *(key for key in after if key not in before)):
        old, new = before.get(key, "<_null_>"), after.get(key, "<_null_>")
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := difference(old, new):
                found[key] = inner
        elif old != new:
            found[key] = {"new": new, "old": old}
    return found


def _managed(ctx: Context, name: str, text: str, file: FileOptions) -> Plan:
    given = {each.name: getattr(file, each.name) for each in fields(file)}
    contents = ContentsOptions(
        contents=text,
        contents_newline=False,
        encoding=given.pop("encoding"),
        encoding_errors=given.pop("encoding_errors"),
    )
    plan = managed(ctx, name, contents, ManagedOptions(**given))
    return replace(plan, would=f"Dataset will be serialized and stored into {name}") if plan.steps else plan


def _with_difference(plan: Plan, found: Mapping[str, Any]) -> Plan:
    """Return the plan with the difference of the data in place of that of the text."""
    if "diff" not in plan.changes:
        return plan
    changes = {**plan.changes, "diff": found}
    done = Done(comment=plan.did, changes=changes)
    return replace(plan, changes=changes, judge=lambda _: done)


def _dataset(ctx: Context, dataset: Any, dataset_pillar: str | None) -> Any:
    if dataset is not None and dataset_pillar is not None:
        raise ModuleError("Only one of 'dataset' and 'dataset_pillar' is permitted")
    if dataset_pillar is not None:
        found = traverse(ctx.pillar, dataset_pillar, MISSING)
        if found is MISSING:
            raise ModuleError(f"Pillar {dataset_pillar} does not exist")
        return found
    if dataset is None:
        raise ModuleError("Neither 'dataset' nor 'dataset_pillar' was defined")
    return dataset


def _existing(ctx: Context, name: str, kind: str) -> Any:
    text = text_of(read(ctx, name))
    try:
        return _READERS[kind](text)
    except (ValueError, KeyError) as error:
        raise ModuleError(f"Failed to deserialize existing data: {error}") from None


def _flat(options: Options) -> dict[str, Any]:
    if isinstance(options, list):
        return {str(key): value for each in options for key, value in each.items()}
    return dict(options or {})


def _yaml(data: Any, options: Mapping[str, Any]) -> str:
    import yaml  # with the states that write it

    return str(yaml.safe_dump(data, **{"default_flow_style": False, "allow_unicode": True, **options}))


def _json(data: Any, options: Mapping[str, Any]) -> str:
    wanted = {"indent": 2, "sort_keys": True, "separators": (",", ": "), "ensure_ascii": False, **options}
    return json.dumps(data, **wanted) + "\n"


def _ini(data: Any, options: Mapping[str, Any]) -> str:
    parser = _parser()
    parser.read_dict(data)
    out = StringIO()
    parser.write(out, space_around_delimiters=bool(options.get("space_around_delimiters", True)))
    return out.getvalue() + "\n"


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


def _from_ini(text: str) -> Any:
    import configparser

    parser = _parser()
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(" ".join(str(error).split())) from None
    return {section: dict(parser[section]) for section in parser.sections()}


def _parser() -> Any:
    import configparser  # only for who writes such files

    return configparser.ConfigParser(interpolation=None)


_WRITERS: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], str]]] = {
    "yaml": _yaml,
    "json": _json,
    "configparser": _ini,
}
_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "yaml": _from_yaml,
    "json": json.loads,
    "configparser": _from_ini,
}
