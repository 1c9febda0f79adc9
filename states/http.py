"""Looks whether a web server answers as it should. Nothing on the box is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from modules import test as testing
from modules.context import Context
from modules.http import query as asking
from modules.http.query import QueryOptions
from shoal.errors import ArgumentError
from states.declare import state
from states.plan import Done, Plan, Step, call, failed

_DEFAULTS: Final = QueryOptions()
_READING: Final = ("GET", "HEAD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an answer must have. Spellings are Salt's."""

    match: str = ""  # in the text
    match_type: Literal["string", "pcre"] = "string"
    status: int | str | list[int] | None = None
    status_type: Literal["string", "pcre", "list"] = "string"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How it is asked. Spellings are Salt's."""

    method: str = "GET"
    params: dict[str, Any] | None = None
    data: str | dict[str, Any] | None = None
    header_dict: dict[str, Any] | None = None
    username: str = ""
    password: str = ""
    timeout: float = _DEFAULTS.timeout  # seconds
    verify_ssl: bool = True
    ca_bundle: str = ""

    def as_kwargs(self) -> dict[str, Any]:
        """Return what `http.query` takes of it."""
        given = {
            "method": self.method, "params": self.params, "data": self.data, "header_dict": self.header_dict,
            "username": self.username, "password": self.password, "timeout": self.timeout,
            "verify_ssl": self.verify_ssl, "ca_bundle": self.ca_bundle,
        }  # fmt: skip
        return {key: value for key, value in given.items() if value not in (None, "")}


@state
def query(ctx: Context, name: str, wish: Wish = Wish(), options: Asking = Asking()) -> Plan:
    """Ask a web server, and fail unless the answer has this text (`match`) and this `status`.

    `match_type` and `status_type` may be `pcre`. A test run does not ask.

    Example:

        http://127.0.0.1:8080/health:
          http.query:
            - status: 200
            - match: '"up"'
    """
    if not wish.match and wish.status is None:
        return failed(" Either match text (match) or a status code (status) is required.")
    for pattern in _patterns(wish):
        try:
            re.compile(pattern)
        except re.error as error:
            raise ArgumentError(f"http.query: {pattern!r} is no regular expression: {error}") from None
    do = call(asking.query, url=name, text=True, status=True, **options.as_kwargs())
    if options.method.upper() in _READING:
        step = Step(do=do, undo=call(testing.ping))  # a question changed nothing: nothing is taken back
    else:
        step = Step(do=do, final="what a web server made of the request is not known")
    return Plan(
        steps=(step,),
        would=f"{name} would be asked",
        verify=False,
        judge=lambda answers: _judge(answers[0], wish),
    )


def _judge(answer: Mapping[str, Any], wish: Wish) -> Done:
    text, status = str(answer.get("text", "")), answer.get("status")
    held, said = [], []
    if wish.match:
        regular = wish.match_type == "pcre"
        held.append(re.search(wish.match, text) is not None if regular else wish.match in text)
        said.append(f'Match {"pattern" if regular else "text"} "{wish.match}" was {_found(held[-1])}.')
    if wish.status is not None:
        held.append(status is not None and _has_status(status, wish))
        what = "Status pattern" if wish.status_type == "pcre" else "Status"
        said.append(f"{what} {wish.status} was {_found(held[-1])}.")
    if status is None:
        said.append(str(answer.get("error", "")))
    return Done(result=all(held), comment=" ".join(said))


def _has_status(status: int, wish: Wish) -> bool:
    if isinstance(wish.status, list):
        return status in wish.status
    if wish.status_type == "pcre":
        return re.fullmatch(str(wish.status), str(status)) is not None
    return str(status) == str(wish.status)


def _found(held: bool) -> str:
    return "found" if held else "not found"


def _patterns(wish: Wish) -> list[str]:
    found = [wish.match] if wish.match and wish.match_type == "pcre" else []
    return [*found, str(wish.status)] if wish.status_type == "pcre" else found
