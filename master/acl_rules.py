"""The rules of `publisher_acl` as they are written in the configuration, and which calls they fit.

    alice:
      - test.*                      functions, on every minion
      - 'web-*':                    a target
        - status.*
        - cmd.run:                  a function with bounded arguments
            args: ['systemctl (status|restart) nginx']
            kwargs: {timeout: '[0-9]+'}

Patterns are regular expressions that must match the whole of what they are about. Where arguments are bounded,
`args` has one pattern for each positional argument, all of them have to be given and no others; each of `kwargs`
has to be given, no others may be. (Salt lets further arguments pass.) An empty pattern or null is any value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from shoal.config.kind import convert
from shoal.config.node import LIST, MAP, NULL, Node
from shoal.config.setting import Setting
from shoal.errors import ConfigError, TargetError
from shoal.functions.signature import named_word
from shoal.targets.glob import TextTest
from shoal.targets.pcre import compile_pcre

_MODULE: Final = re.compile(r"[a-z_][a-z0-9_]*\.\*")
_FUNCTION: Final = Setting(doc="a function's pattern")
_BOUNDS: Final = frozenset({"args", "kwargs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What somebody wants to run."""

    fun: str
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    from_text: bool = False  # args are words of a command line

    def split(self) -> tuple[list[str], dict[str, str]]:
        """Return positional and named arguments as text.

        The box knows which names a function takes; here every `name=value` counts as named, so that no option
        passes for a harmless word.
        """
        words: list[str] = []
        named = {name: str(value) for name, value in self.kwargs.items()}
        for arg in self.args:
            name = named_word(arg) if self.from_text else ""
            if name:
                named[name] = arg[len(name) + 1 :]
            else:
                words.append(str(arg))
        return words, named


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRule:
    """A function by pattern, with bounded arguments."""

    function: str
    args: tuple[str, ...] = ()
    kwargs: Mapping[str, str] = field(default_factory=dict)

    def fits(self, call: Call) -> bool:
        """Say whether function and arguments are within the bounds."""
        words, named = call.split()
        if (
            not name_fits(self.function, call.fun)
            or len(words) != len(self.args)
            or set(named) != set(self.kwargs)
        ):
            return False
        pairs = [*zip(self.args, words, strict=True), *((self.kwargs[name], named[name]) for name in named)]
        return all(_matches(pattern, text) for pattern, text in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class AclRule:
    """These functions on these minions (a compound target)."""

    functions: tuple[str, ...] = ()
    calls: tuple[CallRule, ...] = ()
    target: str = "*"

    def may_fit(self, fun: str) -> bool:
        """Say whether `fun` is allowed with some arguments at least."""
        patterns = (*self.functions, *(rule.function for rule in self.calls))
        return any(name_fits(pattern, fun) for pattern in patterns)

    def fits(self, call: Call) -> bool:
        """Say whether `call` is allowed on the rule's minions."""
        named = any(name_fits(pattern, call.fun) for pattern in self.functions)
        return named or any(rule.fits(call) for rule in self.calls)


Rules = dict[str, tuple[AclRule, ...]]


def name_fits(pattern: str, fun: str) -> bool:
    """Say whether `pattern`, a regular expression as in Salt, matches the whole name of a function.

    `sys.*` means what it looks like, the functions of `sys`; in Salt it also means `system.reboot`.
    """
    if _MODULE.fullmatch(pattern):
        return fun.startswith(pattern[:-1])
    try:
        return re.fullmatch(pattern, fun) is not None
    except re.error:
        return pattern == fun


def read_rules(node: Node) -> Rules:
    """Return user -> rules, as in the module docstring. Raises ConfigError."""
    name = "'publisher_acl'"
    if node.fields is None:
        raise ConfigError(f"{node.place}: {name} must be a map of users to functions, got {node.shown()}")
    return {user: _rules(given, f"{user!r} in {name}") for user, given in node.fields.items()}


def _rules(node: Node, name: str) -> tuple[AclRule, ...]:
    if node.kind == MAP:
        raise ConfigError(f"{node.place}: {name} must be a list of functions or {{target: [functions]}} maps")
    everywhere: list[Node] = []
    rules: list[AclRule] = []
    for item in _items(node):
        targets = {key: value for key, value in (item.fields or {}).items() if value.kind != MAP}
        if len(targets) < len(item.fields or {}) or item.fields is None:
            everywhere.append(item)
        else:
            rules += [
                _rule(functions, f"{target!r} of {name}", target) for target, functions in targets.items()
            ]
    return (_rule_of(everywhere, name, "*"), *rules) if everywhere else tuple(rules)


def _rule(node: Node, name: str, target: str) -> AclRule:
    if node.kind == MAP:
        raise ConfigError(f"{node.place}: {name} must be a list of functions, got {node.shown()}")
    return _rule_of(_items(node), name, target)


def _rule_of(items: Sequence[Node], name: str, target: str) -> AclRule:
    functions: list[str] = []
    calls: list[CallRule] = []
    for number, item in enumerate(items, 1):
        if item.fields is None:
            functions.append(convert(item, str, _FUNCTION, f"item {number} of {name}"))
        else:
            calls += [_call(key, bounds, f"{key!r} of {name}") for key, bounds in item.fields.items()]
    return AclRule(functions=tuple(functions), calls=tuple(calls), target=target)


def _call(function: str, node: Node, name: str) -> CallRule:
    unknown = sorted(set(node.fields or ()) - _BOUNDS)
    if node.fields is None or not node.fields or unknown:
        got = f"{unknown[0]!r}" if unknown else node.shown()
        raise ConfigError(f"{node.place}: {name} must be a map of 'args' and 'kwargs', got {got}")
    args, kwargs = node.fields.get("args"), node.fields.get("kwargs")
    if kwargs is not None and kwargs.fields is None:
        raise ConfigError(f"{kwargs.place}: 'kwargs' of {name} must be a map of names to patterns")
    return CallRule(
        function=function,
        args=tuple(_pattern(item, f"'args' of {name}") for item in (_items(args) if args else ())),
        kwargs={
            key: _pattern(item, f"{key!r} of {name}")
            for key, item in ((kwargs.fields or {}) if kwargs else {}).items()
        },
    )


def _pattern(node: Node, name: str) -> str:
    """Return a pattern for an argument. One that cannot be read would refuse, or worse allow, unseen."""
    if node.kind == NULL:
        return ""
    text: str = convert(node, str, Setting(doc="an argument's pattern"), name)
    try:
        compile_pcre(
            text
        )  # refuses what could take for ever, too: the text comes from whom the rule is about
    except TargetError as error:
        raise ConfigError(f"{node.place}: {name}: {error}") from None
    return text


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if node.kind == LIST else (node,)


@lru_cache(maxsize=1000)
def _bounded(pattern: str) -> TextTest:
    return compile_pcre(pattern)


def _matches(pattern: str, text: str) -> bool:
    """Say whether the pattern matches the whole text, which must be short enough for that to take no time."""
    return not pattern or (_bounded(pattern)(text) and re.fullmatch(pattern, text) is not None)
