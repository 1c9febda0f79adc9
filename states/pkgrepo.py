"""The repositories that the box's packages come from: what names one depends on the package manager.

- apt: its line, `deb URL SUITE COMPONENTS`
- dnf: its id
- apk: its address
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from modules.context import Context
from modules.cp import files as served
from modules.pkgrepo import repos
from modules.pkgrepo.contract import Edit, RepoOptions, without_password
from modules.pkgrepo.provider import repositories
from modules.text_file import read_bytes
from shoal.errors import ArgumentError
from states.declare import state
from states.plan import Call, Plan, Step, call, unchanged

_MAY: Final = (
    "This may cause pkg states to behave differently than stated if this action is repeated without test=True, "
    "due to the differences in the configured repositories."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryOptions:
    """What a repository is to be. Spellings are Salt's."""

    humanname: str = ""  # dnf
    baseurl: str = ""  # dnf
    mirrorlist: str = ""  # dnf
    metalink: str = ""  # dnf
    gpgkey: str = ""  # dnf
    gpgcheck: bool | int | None = None  # dnf
    comps: str | list[str] = field(default_factory=list)  # apt
    architectures: str | list[str] = field(default_factory=list)  # apt
    signedby: str = ""  # apt
    key_url: str = ""  # apt: a file of the master (`salt://…`) or of the box
    key_text: str = ""  # apt
    trusted: bool | None = None  # apt
    format: Literal["deb822", "list"] = "deb822"  # apt
    tag: str = ""  # apk
    file: str = ""
    enabled: bool | int | None = None
    disabled: bool | int | None = None
    refresh: bool = True  # fetch the lists when something has changed
    settings: dict[str, str] = field(default_factory=dict)


_DEFAULTS: Final = RepositoryOptions()


@state
def managed(ctx: Context, name: str, options: RepositoryOptions = _DEFAULTS) -> Plan:
    """Let a repository be there, as it is described, and fetch the lists when that is a change.

    A key that is given belongs to this repository alone.

    Example:

        deb https://repo.example.org/apt bookworm main:
          pkgrepo.managed:
            - file: /etc/apt/sources.list.d/example.sources
            - key_url: salt://keys/example.asc
    """
    found = repositories(ctx)
    asked = _options(ctx, options)
    edit = found.edit(name, asked)
    shown = without_password(name)
    changed = _changed(edit)
    if not changed:
        return unchanged(f"Package repo '{shown}' already configured")
    before = found.get(name)
    given = {
        key: value
        for key in RepoOptions.__dataclass_fields__
        if (value := getattr(asked, key)) != getattr(RepoOptions(), key)
    }
    return Plan(
        steps=_steps(name, call(repos.mod_repo, repo=name, **given), changed),
        changes=_difference(before, edit.shown) if before else {"repo": shown},
        would=f"Package repo '{shown}' would be configured. {_MAY}",
        did=f"Configured package repo '{shown}'",
    )


@state
def absent(ctx: Context, name: str, refresh: bool = True) -> Plan:
    """Let a repository not be there; a file that is left with nothing goes too, a key stays.

    Example:

        deb https://old.example.org/apt bookworm main:
          pkgrepo.absent
    """
    edit, shown = repositories(ctx).removal(name), without_password(name)
    if not edit.files:
        return unchanged(f"Package repo {shown} is absent")
    return Plan(
        steps=_steps(name, call(repos.del_repo, repo=name), edit.files),
        changes={"repo": shown},
        would=f"Package repo '{shown}' will be removed. {_MAY}",
        did=f"Removed repo {shown}",
    )


def _options(ctx: Context, given: RepositoryOptions) -> RepoOptions:
    """Return the options as `pkgrepo.mod_repo` takes them. Raises ArgumentError."""
    if given.enabled is not None and given.disabled is not None:
        raise ArgumentError("Only one of enabled/disabled is allowed")
    disabled = given.disabled if given.enabled is None else not given.enabled
    key = served.cache_file(ctx, given.key_url) if "://" in given.key_url[:20] else given.key_url
    if given.key_url and not key:
        raise ArgumentError(f"key_url: the master does not serve {given.key_url}")
    return RepoOptions(
        disabled=None if disabled is None else bool(disabled),
        file=given.file,
        refresh=given.refresh,
        comps=_listed(given.comps),
        architectures=_listed(given.architectures),
        signedby=given.signedby,
        key_text=given.key_text,
        key_url=key,
        trusted=given.trusted,
        format=given.format,
        name=given.humanname,
        baseurl=given.baseurl,
        mirrorlist=given.mirrorlist,
        metalink=given.metalink,
        gpgkey=given.gpgkey,
        gpgcheck=None if given.gpgcheck is None else bool(given.gpgcheck),
        tag=given.tag,
        settings=given.settings,
    )


def _listed(given: str | list[str]) -> list[str]:
    return given.replace(",", " ").split() if isinstance(given, str) else given


def _changed(edit: Edit) -> dict[Any, bytes | None]:
    """Return the files that would be other ones."""
    return {
        path: data
        for path, data in edit.files.items()
        if (read_bytes(path) if path.exists() else None) != data
    }


def _steps(name: str, do: Call, files: Mapping[Any, bytes | None]) -> tuple[Step, ...]:
    """Return a step for each file, so that each has a way back. All ways are known before the last one changes all."""
    *others, last = [call(repos.put_back, **repos.way_back(path, after)) for path, after in files.items()]
    look = call(repos.get_repo, repo=name)
    return (*(Step(do=look, undo=each) for each in others), Step(do=do, undo=last))


def _difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {"new": after.get(key), "old": before.get(key)}
        for key in {**before, **after}
        if before.get(key) != after.get(key)
    }
