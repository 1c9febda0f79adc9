"""Shell patterns, against fnmatch itself."""

from __future__ import annotations

import fnmatch
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import TargetError
from shoal.targets.glob import MAX_GLOB, compile_glob

_ALPHABET = "ab-*?[]!"


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("*", "", None),
        ("***", "anything", None),
        ("web01", "web01", "web011"),
        ("web*", "web", "wweb"),
        ("*01", "web01", "web01x"),
        ("*eb*", "web01", "wob"),
        ("we?01", "web01", "we01"),
        ("web[0-9]", "web7", "webx"),
        ("web[!0-9]", "webx", "web7"),
        ("w*b*1", "web01", "web02"),
        ("[", "[", "x"),
        ("*.org", "a.org", "a_org"),
        ("a*", "a\nb", "b"),
    ],
)
def test_glob(pattern: str, yes: str, no: str | None) -> None:
    test = compile_glob(pattern)
    assert test(yes)
    assert no is None or not test(no)


@settings(deadline=None, max_examples=300)
@given(st.text(_ALPHABET, max_size=8), st.text("ab-[]!", max_size=8))
def test_shortcuts_answer_as_fnmatch_does(pattern: str, text: str) -> None:
    assert compile_glob(pattern)(text) == fnmatch.fnmatchcase(text, pattern)


def test_endless_glob_is_refused() -> None:
    with pytest.raises(TargetError, match="longer than 1024 characters"):
        compile_glob("a*" * MAX_GLOB)


def test_many_stars_do_not_backtrack() -> None:
    test = compile_glob("*a" * 200 + "?b")
    started = time.process_time()
    assert not test("a" * 20_000)
    assert time.process_time() - started < 5
