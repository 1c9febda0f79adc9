"""Settings of a repository or of a user. On the way back a setting has its old values; the file's layout may differ."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.git import config as settings
from modules.git.arguments import hidden
from shoal.errors import ArgumentError
from states.declare import state
from states.git.place import Access
from states.plan import Plan, Step, call, failed, unchanged

_DEFAULTS = Access()


@state
def config_set(
    ctx: Context,
    name: str,
    value: str | int | bool | None = None,
    multivar: list[str] | None = None,
    repo: str = "",
    global_: bool = False,
    options: Access = _DEFAULTS,
) -> Plan:
    """Let a setting have one value, or with `multivar` several, in a repository or with `global` for a user.

    Example:

        user.email:
          git.config_set:
            - value: site@example.org
            - repo: /srv/site
    """
    if (value is None) == (multivar is None):
        raise ArgumentError("git.config_set: give value or multivar, one of them")
    wanted = multivar if multivar is not None else [_text(value)]
    where: dict[str, Any] = {"cwd": repo, "global": global_, **options.as_kwargs()}
    had = settings.matching(settings.exactly(name), "", repo, global_, options.options())
    old = next(iter(had.values()), None)
    told: Any = [hidden(each) for each in wanted] if multivar is not None else f"'{hidden(wanted[0])}'"
    if old == wanted:
        return unchanged(f"'{name}' is already set to {told}")
    way = "set to" if old else "added as"
    given = {"multivar": wanted} if multivar is not None else {"value": wanted[0]}
    undo = call(settings.config_set, key=name, multivar=old, **where) if old else _unset(name, where)
    return Plan(
        steps=(Step(do=call(settings.config_set, key=name, **given, **where), undo=undo),),
        changes={
            name: {
                "old": [hidden(each) for each in old] if old else None,
                "new": [hidden(each) for each in wanted],
            }
        },
        would=f"'{name}' would be {way} {told}",
        did=f"'{name}' was {way} {told}",
    )


@state
def config_unset(
    ctx: Context,
    name: str,
    value_regex: str = "",
    repo: str = "",
    all_: bool = False,
    global_: bool = False,
    options: Access = _DEFAULTS,
) -> Plan:
    """Let settings whose keys match a regular expression, and with `value_regex` values too, not be there.

    A setting with several values that match is refused without `all`.

    Example:

        'user[.].*':
          git.config_unset:
            - repo: /srv/site
            - all: true
    """
    found = settings.matching(f"^{name}$", value_regex, repo, global_, options.options())
    if not found:
        return unchanged("No matching keys are set")
    several = [
        f"{key} ({', '.join(map(hidden, values))})" for key, values in found.items() if len(values) > 1
    ]
    if several and not all_:
        return failed(
            "Multivar(s) matched by the key expression (set 'all' to True to force removal): "
            f"{'; '.join(several)}"
        )
    where: dict[str, Any] = {"cwd": repo, "global": global_, **options.as_kwargs()}
    steps = []
    for key in found:
        before = settings.matching(settings.exactly(key), "", repo, global_, options.options())[key]
        undo = call(settings.config_set, key=key, multivar=before, **where)
        steps.append(Step(do=_unset(key, where, value_regex, all_=all_), undo=undo))
    return Plan(
        steps=tuple(steps),
        changes={key: [hidden(each) for each in values] for key, values in found.items()},
        would=f"{len(found)} key(s) would have value(s) unset",
        did="Value(s) successfully unset",
    )


def _unset(key: str, where: dict[str, Any], value_regex: str = "", *, all_: bool = True) -> Any:
    return call(settings.config_unset, key=key, value_regex=value_regex, all=all_, **where)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
