"""Nodegroups: names for expressions, kept in the configuration, which may name one another.

A group is text (`"G@os:Debian and not web*"`) or a list of words. A group that has no operator and no `X@` term is
a list of ids or globs, any of which will do.

As in Salt, a group that names no other group is put in place without parentheses: with `arm: G@cpu:a or G@cpu:b`,
`not N@arm` is `not G@cpu:a or G@cpu:b`. `hint.py` warns of it; `not ( N@arm )` is always right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from shoal.errors import TargetError
from shoal.targets.compound import OPERATORS, read_term

Nodegroups = Mapping[str, "str | Sequence[str]"]

MAX_WORDS: Final = 10_000
_MAX_NESTING: Final = 8


def expand_words(words: Sequence[str], nodegroups: Nodegroups) -> list[str]:
    """Return the words of a compound expression with the words of the group for each `N@group`.

    Raises TargetError: no such group, a group that contains itself, nests too deep, grows too long, is not text.
    """
    return _expand(words, nodegroups, ())


def group_words(name: str, nodegroups: Nodegroups) -> list[str]:
    """Return the words of nodegroup `name`; those of groups in it are not expanded. Raises TargetError."""
    if name not in nodegroups:
        raise TargetError(f"no nodegroup {name[:80]!r}{_near(name, nodegroups)}")
    value = nodegroups[name]
    words = value.split() if isinstance(value, str) else value
    if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) and word for word in words):
        raise TargetError(f"nodegroup {name!r} must be text or a list of words")
    if not words:
        raise TargetError(f"nodegroup {name!r} is empty")
    return _any_of(words) if _is_plain_list(words) else list(words)


def _expand(words: Sequence[str], nodegroups: Nodegroups, inside: tuple[str, ...]) -> list[str]:
    result: list[str] = []
    for word in words:
        term = read_term(word)
        if term.letter == "N":
            result += _expand_group(term.pattern, nodegroups, inside)
        else:
            result.append(word)
        # Groups that name each other twice double with every level.
        if len(result) > MAX_WORDS:
            raise TargetError(
                f"compound target has more than {MAX_WORDS} words, nodegroups included: use a list"
            )
    return result


def _expand_group(name: str, nodegroups: Nodegroups, inside: tuple[str, ...]) -> list[str]:
    path = (*inside, name)
    if name in inside:
        raise TargetError(f"nodegroup {name!r} contains itself: {' -> '.join(path)}")
    if len(path) > _MAX_NESTING:
        raise TargetError(f"nodegroups nest deeper than {_MAX_NESTING}: {' -> '.join(path)}")
    words = group_words(name, nodegroups)
    expanded = _expand(words, nodegroups, path)
    return ["(", *expanded, ")"] if inside or expanded != words else words


def _is_plain_list(words: Sequence[str]) -> bool:
    return not any(word in OPERATORS or read_term(word).letter for word in words)


def _any_of(words: Sequence[str]) -> list[str]:
    globs = [word for word in words if any(magic in word for magic in "*?[")]
    ids = [word for word in words if word not in globs]
    result: list[str] = []
    for term in ([f"L@{','.join(ids)}"] if ids else []) + globs:
        result += ["or", term] if result else [term]
    return result


def _near(name: str, nodegroups: Nodegroups) -> str:
    import difflib  # only for the message

    near = difflib.get_close_matches(name[:80], map(str, nodegroups), 1)
    if near:
        return f"; did you mean {near[0]!r}?"
    return (
        f"; known are {', '.join(sorted(map(str, nodegroups))[:10])}"
        if nodegroups
        else "; none is configured"
    )
