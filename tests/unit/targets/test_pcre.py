"""Regular expressions: what matches, and what is refused before it can hang the master."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import TargetError
from shoal.targets import TermError
from shoal.targets.pcre import MAX_REGEX, compile_pcre


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("web", "web01", "my-web"),  # open at the end only
        ("web$", "web", "web01"),
        ("", "x", None),
        (r"(\d{1,3}\.){3}\d{1,3}$", "10.1.0.254", "10.1.0"),
        ("(web|db|mon)+-[a-z]+$", "webdb-x", "web-"),
        ("(?!edge).*", "web", "edge-1"),
        ("(?i)WEB", "web", "db"),
        ("(?P<n>a)(?P=n)", "aa", "ab"),
        ("(a)?(?(1)b|c)", "ab", "ac"),
        (".*web.*prod.*eu.*", "web-prod-eu", "web-eu"),
        ("|".join(f"edge-{n:04}$" for n in range(300)), "edge-0299", "edge-0300"),
        ("[[]x", "[x", "x"),  # Python warns of a possible nested set: not ours to say
    ],
)
def test_pcre(pattern: str, yes: str, no: str | None) -> None:
    test = compile_pcre(pattern)
    assert test(yes)
    assert no is None or not test(no)


def test_case_is_kept_unless_asked() -> None:
    assert not compile_pcre("WEB")("web")
    assert compile_pcre(r"W\D+", ignore_case=True)("web")


@pytest.mark.parametrize(
    "pattern", ["(", "x)", "[a-", "*", "a{2}{3}", "(?P<x", "\\", "(?L)a", "a{5,2}", "(" * 3000]
)
def test_broken_expression_is_a_term_error(pattern: str) -> None:
    with pytest.raises(TermError, match="cannot be read") as caught:
        compile_pcre(pattern)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(a+)+$", "inside a repeat"),
        ("(a*)*", "inside a repeat"),
        ("(a?)+", "inside a repeat"),
        ("(a|ab)*c", "inside a repeat"),
        ("((ab|a)c?)+", "inside a repeat"),
        ("(x(y+)z)*", "inside a repeat"),
        ("(?:(?=a+)a)*", "inside a repeat"),
        ("(a{1,9}){1,9}b", "too many repeats"),
        ("a?" * 30 + "a" * 30, "too many repeats"),
        (".*a.*b.*c.*d.*e", "too many repeats"),
        ("(?:a{1000}){1000}", "multiply to more than"),
        ("(?:){60000}", "multiply to more than"),
        ("a" * (MAX_REGEX + 1), "longer than 4096"),
    ],
)
def test_expression_that_could_hang_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(TargetError, match=says) as caught:
        compile_pcre(pattern)
    assert not isinstance(caught.value, TermError)
    assert "\n" not in str(caught.value)


def test_text_that_is_too_long_for_the_expression_does_not_match() -> None:
    assert compile_pcre(".*a.*b.*c")("x" * 500 + "abc")
    assert not compile_pcre(".*a.*b.*c")("x" * 50_000 + "abc")
    assert compile_pcre("x*abc")("x" * 50_000 + "abc")


@settings(deadline=None, max_examples=150)
@given(st.text("ab()|*+?{},12.[]\\^$", max_size=14), st.sampled_from(["a", "ab", "aab", "b1"]))
def test_whatever_is_accepted_ends_soon(pattern: str, piece: str) -> None:
    try:
        test = compile_pcre(pattern)
    except TargetError:
        return
    started = time.process_time()
    test(piece * 120 + "!")
    assert time.process_time() - started < 10
