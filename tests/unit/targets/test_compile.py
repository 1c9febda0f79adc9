"""All kinds and letters through the one door."""

from __future__ import annotations

import pytest

from shoal.errors import TargetError
from shoal.targets import KINDS, MAX_EXPR, Facts, Target, TermError, compile_target

_BOX = Facts(
    id="web01",
    grains={"os": "Debian", "ipv4": ["10.1.0.12"]},
    pillar={"env": "prod"},
    tags={"site": "Paris", "group": ["edge", "camera"]},
)


def _matches(kind: str, expr: str, *, lenient: bool = False) -> bool:
    return compile_target(Target(kind=kind, expr=expr), {"web": "web*"}, lenient=lenient)(_BOX)


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("glob", "web*", "WEB*"),
        ("pcre", "web", "eb"),
        ("list", "db,web01", "db, web01"),
        ("grain", "os:deb*", "os:deb"),
        ("grain_pcre", "os:deb", "os:eb"),
        ("pillar", "env:p*", "env:p"),
        ("pillar_pcre", "env:p", "env:x"),
        ("pillar_exact", "env:prod", "env:p*"),
        ("ipcidr", "10.1.0.0/16", "10.2.0.0/16"),
        ("nodegroup", "web", None),
        ("compound", "G@os:Debian and web*", "G@os:Debian and db*"),
        ("tag", "site:paris", "site:oslo"),
    ],
)
def test_kind(kind: str, yes: str, no: str | None) -> None:
    assert kind in KINDS
    assert _matches(kind, yes)
    assert no is None or not _matches(kind, no)


@pytest.mark.parametrize(
    "expr",
    [
        "web01", "G@os:Debian", "P@os:D", "I@env:prod", "J@env:p.*d$", "L@db,web01", "N@web", "S@10.1.0.12",
        "E@web\\d+$", "T@site:paris", "T@group:cam*", "T|@group|edge", "T@site:*",
    ],
)  # fmt: skip
def test_letter(expr: str) -> None:
    assert _matches("compound", expr)
    assert not _matches("compound", f"not {expr}")


@pytest.mark.parametrize(
    ("kind", "expr", "says"),
    [
        (
            "compound",
            "web* or R@web[1-9]",
            "'R@web[1-9]': range expressions (R@) are not supported; use a list L@a,b",
        ),
        ("compound", "M@web01", "'M@web01': managing minions (M@) are not supported"),
        ("range", "x", "unknown kind of target 'range'; known are glob, pcre, list"),
        ("grain", "os", "grain target 'os' has no ':' in it: write NAME:VALUE (or NAME:*)"),
        ("tag", "site", "tag target 'site' has no ':' in it"),
        ("compound", "web* and G@os", "grain target 'os' has no ':' in it"),
        ("pcre", "x)", "pcre target regular expression 'x)' cannot be read: unbalanced parenthesis"),
        ("compound", "E@(a+)+", "could take for ever"),
        ("ipcidr", "10.1", "ipcidr target '10.1' is no address and no network"),
        ("glob", "*" * (MAX_EXPR + 1), "longer than 65536 characters"),
        ("compound", "a or " * 6000 + "a", "more than 10000 words"),
    ],
)
def test_refusal_is_one_line_that_names_the_term(kind: str, expr: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        _matches(kind, expr)
    assert says in str(caught.value)
    assert str(caught.value).isprintable()


def test_empty_delimiter_is_refused() -> None:
    with pytest.raises(TargetError, match="the delimiter is empty"):
        compile_target(Target(kind="grain", expr="os:x", delimiter=""))


@pytest.mark.parametrize("term", ["G@os", "I@env", "P@os:[", "S@10.1", "S@10.1.0.7/24"])
def test_lenient_term_that_asks_for_nothing_matches_nobody(term: str) -> None:
    assert not _matches("compound", term, lenient=True)
    assert _matches("compound", f"not {term}", lenient=True)
    with pytest.raises(TermError):
        _matches("compound", f"not {term}")


@pytest.mark.parametrize("expr", ["E@[", "web* and", "N@nosuch", "P@os:(a+)+", "R@x"])
def test_lenient_is_no_licence_for_the_rest(expr: str) -> None:
    with pytest.raises(TargetError):
        _matches("compound", expr, lenient=True)
