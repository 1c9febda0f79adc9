"""Calls execution functions from an SLS. What they do is not known beforehand, and cannot be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modules.context import Context
from shoal.errors import ArgumentError, UnknownFunctionError
from shoal.functions.function import Function
from shoal.functions.signature import bind
from states.declare import state
from states.plan import Call, Done, Plan, Step, failed, unchanged

_FINAL: Final = "what a function did is not known, so it cannot be taken back"
_OLD_WORDS: Final = ("args", "kwargs")


@state
def run(ctx: Context, name: str, **kwargs: Any) -> Plan:
    """Call one or more execution functions: `- module.function:` and its arguments, a list or a map.

    A map in a list has arguments by name. A function that says False, or a `retcode` that is not 0, has failed. Salt's
    older form works too: `name` is the function, everything else its arguments, with `m_` before a name that states use
    themselves.

    Example:

        look around:
          module.run:
            - test.ping:
            - disk.usage:
              - /
            - test.echo:
                text: done
    """
    return _plan(ctx, name, kwargs)


@state
def wait(ctx: Context, name: str, **kwargs: Any) -> Plan:
    """Call execution functions only when what this watches has changed.

    Example:

        tell:
          module.wait:
            - test.ping:
            - watch:
              - test: site
        site:
          test.succeed_with_changes
    """
    return unchanged("")


@state
def mod_watch(
    ctx: Context, name: str, sfun: str = "", changed: list[str] | None = None, **kwargs: Any
) -> Plan:
    """Call the functions, because what this watches has changed."""
    return _plan(ctx, name, kwargs)


def _plan(ctx: Context, name: str, given: Mapping[str, Any]) -> Plan:
    asked = {key: value for key, value in given.items() if "." in key}
    if not asked:
        return _old(ctx, name, given)
    if surplus := [key for key in given if key not in asked]:
        raise ArgumentError(
            f"module.run: {surplus[0]!r} is no function, and has no place beside {next(iter(asked))}"
        )
    found = {fun: _function(ctx, fun) for fun in asked}
    if missing := [fun for fun, function in found.items() if function is None]:
        return failed(f"Unavailable function{'s' if len(missing) > 1 else ''}: {', '.join(missing)}.")
    calls = [_call(function, *_taken_apart(asked[fun])) for fun, function in found.items() if function]
    names = ", ".join(asked)
    return Plan(
        steps=tuple(Step(do=each, final=_FINAL) for each in calls),
        changes=dict.fromkeys(asked),
        would=f"Function{'s' if len(asked) > 1 else ''} {names} to be executed.",
        verify=False,
        judge=lambda answers: _judge(dict(zip(asked, answers, strict=True))),
    )


def _old(ctx: Context, name: str, given: Mapping[str, Any]) -> Plan:
    function = _function(ctx, name)
    if function is None:
        return failed(f"Module function {name} is not available")
    words = {key.removeprefix("m_"): value for key, value in given.items() if key not in _OLD_WORDS}
    args = given.get("args") or []
    more = given.get("kwargs") or {}
    if not isinstance(args, list) or not isinstance(more, dict):
        raise ArgumentError(f"module.run {name}: args is a list, kwargs a map")
    return Plan(
        steps=(Step(do=_call(function, args, {**words, **more}), final=_FINAL),),
        changes={"ret": None},
        would=f"Module function {name} is set to execute",
        verify=False,
        judge=lambda answers: Done(
            result=_went_well(answers[0]),
            comment=f"Module function {name} executed",
            changes={"ret": answers[0]},
        ),
    )


def _judge(answers: Mapping[str, Any]) -> Done:
    failures = [
        f"'{fun}': False" if answer is False else f"'{fun}' failed: {_why(answer)}"
        for fun, answer in answers.items()
        if not _went_well(answer)
    ]
    said = [
        f"{fun}: {'Success' if isinstance(answer, (dict, list)) else answer}"
        for fun, answer in answers.items()
    ]
    changes = {fun: answer for fun, answer in answers.items() if _went_well(answer)}
    return Done(result=not failures, comment=", ".join(failures or said), changes=changes)


def _went_well(answer: Any) -> bool:
    if isinstance(answer, Mapping):
        return not answer.get("retcode") and answer.get("result", True) is not False
    return answer is not False


def _why(answer: Any) -> str:
    said = answer.get("stderr") or answer.get("comment") if isinstance(answer, Mapping) else ""
    return str(said or "(error message N/A)")


def _function(ctx: Context, name: str) -> Function | None:
    try:
        return ctx.registry.get(name)
    except UnknownFunctionError:
        return None


def _taken_apart(given: Any) -> tuple[list[Any], dict[str, Any]]:
    """Return positional and named arguments of what stands under a function's name."""
    if given is None:
        return [], {}
    if isinstance(given, dict):
        return [], {str(key): value for key, value in given.items()}
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for each in given if isinstance(given, list) else [given]:
        if isinstance(each, dict):
            kwargs |= {str(key): value for key, value in each.items()}
        else:
            args.append(each)
    return args, kwargs


def _call(function: Function, args: list[Any], kwargs: Mapping[str, Any]) -> Call:
    """Return the call, arguments by name where they have one, so that `a=b` stays a text. Raises ArgumentError."""
    places = function.signature.positional
    named = {
        place.name: arg
        for place, arg in zip(places, args, strict=False)
        if place.name in function.signature.keywords
    }
    if len(named) < min(len(places), len(args)) or set(named) & set(kwargs):
        named = {}
    rest = args[len(places) :] if named else args
    bind(function, rest, {**named, **kwargs}, from_text=True)
    return Call(fun=function.name, args=tuple(rest), kwargs={**named, **kwargs})
