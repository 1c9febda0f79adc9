"""The words of compound expressions, and what is said about wrong ones."""

from __future__ import annotations

import fnmatch

import pytest

from shoal.errors import TargetError
from shoal.targets import Facts
from shoal.targets.compound import MAX_NESTING, Term, parse_compound, read_term
from shoal.targets.facts import Matcher

_A = Facts(id="a")


def _term(word: str) -> Matcher:
    """A term is true if it begins with `y`."""
    return lambda _facts: fnmatch.fnmatch(word, "y*")


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        ("y", True),
        ("n", False),
        ("y and n", False),
        ("y or n", True),
        ("not n", True),
        ("not n and y", True),
        ("not y or y", True),
        ("not ( y or y )", False),
        ("y or y and n", True),
        ("( y or y ) and n", False),
        ("y not n", True),
        ("y not y", False),
        ("n or y not n", True),
        ("( ( y ) )", True),
        ("( y ) not ( n )", True),
        ("not ( not y )", True),
        ("y and not n", True),
        ("( )", False),
        ("not ( )", True),
        ("( ) or y", True),
    ],
)
def test_operators(expr: str, answer: bool) -> None:
    assert parse_compound(expr.split(), _term)(_A) is answer


@pytest.mark.parametrize(
    ("word", "term"),
    [
        ("web*", Term("", "web*")),
        ("G@os:Debian", Term("G", "os:Debian")),
        ("G|@os|Debian", Term("G", "os|Debian", "|")),
        ("G@@os@Debian", Term("G", "os@Debian", "@")),
        ("G@os@Debian", Term("G", "os@Debian")),
        ("T/@site/x", Term("T", "site/x", "/")),
        ("L|@a", Term("", "L|@a")),
        ("G#|@a|b", Term("", "G#|@a|b")),
        ("G@", Term("", "G@")),
        ("g@os:x", Term("", "g@os:x")),
        ("X@y", Term("", "X@y")),
        ("(G@os:x", Term("", "(G@os:x")),
        ("user@host", Term("", "user@host")),
    ],
)
def test_word_is_read_as(word: str, term: Term) -> None:
    assert read_term(word) == term


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("", "empty; '*' means every minion"),
        ("and y", "word 1, 'and', needs an operand before it: --> and y"),
        (") y", "word 1, ')', needs an operand before it: --> ) y"),
        ("( or y )", "word 2, 'or', needs an operand before it: ( --> or y )"),
        ("y and or n", "word 3, 'or', needs an operand before it: y and --> or n"),
        ("y or", "an operand is missing at the end: y or -->"),
        ("not", "an operand is missing at the end: not -->"),
        ("y n", "word 2, 'n', needs 'and' or 'or' before it: y --> n"),
        (
            "y AND n",
            "word 2, 'AND', needs 'and' or 'or' before it; 'AND' is read as a minion id: write and: y --> AND",
        ),
        (
            "NOT ( y )",
            "word 2, '(', needs 'and' or 'or' before it; 'NOT' is read as a minion id: write not: NOT -->",
        ),
        ("( y ) ( n )", "word 4, '(', needs 'and' or 'or' before it"),
        (
            "not not y",
            "word 2, 'not', repeats 'not'; for a double negation write not ( not x ): not --> not y",
        ),
        ("( y or n", "word 1, '(', is never closed; ')' must be a word of its own: --> ( y or n"),
        ("y or ( n or y)", "word 3, '(', is never closed"),
        ("y )", "word 2, ')', closes a parenthesis that was never opened: y --> )"),
        (
            "y or " * 9 + "y n " + "or y " * 9,
            "word 20, 'n', needs 'and' or 'or' before it: ... or y or y --> n or y or ...",
        ),
        ("y n\x1b[31m", "'n\\x1b[31m'"),
    ],
)
def test_message_shows_the_place(expr: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        parse_compound(expr.split(), _term)
    assert str(caught.value).startswith("compound target: ")
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def test_nesting_is_bounded() -> None:
    def nested(depth: int) -> list[str]:
        return ["("] * depth + ["y"] + [")"] * depth

    assert parse_compound(nested(MAX_NESTING), _term)(_A)
    with pytest.raises(TargetError, match="nests deeper than 64 levels"):
        parse_compound(nested(MAX_NESTING + 1), _term)


def test_long_flat_expression_needs_no_stack() -> None:
    assert parse_compound(("y and not n or " * 2500 + "n").split(), _term)(_A)


@pytest.mark.parametrize(
    ("expr", "answer"),
    [
        ("n ( y )", False),
        ("y or n ( y )", True),
        ("n and n ( y )", False),
        ("not n ( y )", False),
        ("( ) ( )", False),
    ],
)
def test_lenient_missing_operator_only_hurts_when_it_is_reached(expr: str, answer: bool) -> None:
    assert parse_compound(expr.split(), _term, lenient=True)(_A) is answer
