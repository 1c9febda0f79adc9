"""Text from a command line and the type of a parameter ⇒ the value, or what is wanted instead."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.functions import literal
from shoal.functions.coerce import Mismatch, from_text, from_value

BAD = object()
STAY_TEXT = [
    "16:10", "0755", "1e3", "yes", "no", "null", "~", "None", "true", "1.10", "", " ", "{}", "[1]", "{a: b}", "'q'",
    '"q"', "2026-01-01", "0x1f", "1_000", "a\nb", "é", "\\n", "$(id)", "; reboot", "--", "=", "#x", "!!int 3", "*",
    "&a",
]  # fmt: skip
CASES: list[tuple[Any, str, Any]] = [
    *((str, text, text) for text in STAY_TEXT),
    *((str | None, text, text) for text in STAY_TEXT),
    *((str | list[str], text, text) for text in STAY_TEXT),
    # int
    (int, "0", 0), (int, "-5", -5), (int, "+5", 5), (int, "0x1f", 31), (int, "0o755", 493),
    (int, str(2**64 - 1), 2**64 - 1), (int, str(-(2**63)), -(2**63)),
    *((int, text, BAD) for text in ["", " 1", "1 ", "0755", "1.0", "1e3", "1_000", "x", "true", "16:10", "٣", "0b1",
                                     "--1", str(2**64), "9" * 5000]),
    (int | None, "null", None), (int | None, "None", None), (int | None, "7", 7), (int | None, "", BAD),
    (int | str, "7", 7), (int | str, "0755", "0755"), (int | str, "null", "null"),
    # float
    (float, "1", 1.0), (float, "1e3", 1000.0), (float, "-.5", -0.5), (float, "5.", 5.0), (float, "0.1", 0.1),
    *((float, text, BAD) for text in ["", "nan", "inf", "-inf", ".inf", "1e999", "0755", "1,5", "1_0", ".", "e3", "٣",
                                       "1:30", "9" * 5000]),
    # bool
    *((bool, text, True) for text in ["true", "True", "TRUE", "yes", "Yes", "on"]),
    *((bool, text, False) for text in ["false", "False", "no", "NO", "off"]),
    *((bool, text, BAD) for text in ["", "1", "0", "y", "n", "t", "null", "truee", " true"]),
    # list
    (list, "[1, 2.5, true, null, x]", [1, 2.5, True, None, "x"]), (list, '["a", "1"]', ["a", "1"]), (list, "[]", []),
    (list, "[[1], {a: b}]", [[1], {"a": "b"}]),
    *((list, text, BAD) for text in ["", "a,b", "1", "{}", "[1", "[*a]", "[&a 1]", "[!!python/name:os.system x]"]),
    (list[str], "a,b", ["a", "b"]), (list[str], "a", ["a"]), (list[str], "", []), (list[str], " a , b ,", ["a", "b"]),
    (list[str], "[0755, 16:10, yes, null, 1.10]", ["0755", "16:10", "yes", "null", "1.10"]),
    (list[str], "[1.10, true, null, 1e3]", ["1.10", "true", "null", "1e3"]),
    (list[str], '["a,b", "c"]', ["a,b", "c"]), (list[str], "[ab]*,c", ["[ab]*", "c"]),
    (list[str], "[[a]]", BAD), (list[str], "{a: b}", BAD),
    (list[int], "1,2", [1, 2]), (list[int], "[1, 2]", [1, 2]), (list[int], '["1"]', BAD), (list[int], "1,x", BAD),
    (list[list[int]], "[[1], [2, 3]]", [[1], [2, 3]]), (list[list[int]], "[1]", BAD), (list[list[str]], "[a]", BAD),
    (str | list[str], '["df", "/"]', ["df", "/"]), (str | list[str], "df /", "df /"),
    (str | list[str], '["a", 1]', '["a", 1]'), (str | list[str], '["a"', '["a"'), (str | list[str], "[]", "[]"),
    (str | list[str], '[ "$x" ]', '[ "$x" ]'), (str | list[str], "[ -f x ]", "[ -f x ]"),
    (list[str] | None, "null", None), (list[str] | None, "a,b", ["a", "b"]),
    # dict
    (dict, '{"a": 1, "b": [null]}', {"a": 1, "b": [None]}), (dict, "{a: 1, b: {c: yes}}", {"a": 1, "b": {"c": "yes"}}),
    (dict, "{}", {}), (dict, " {a: 1} ", {"a": 1}), (dict, '{a: "1", b: \'true\'}', {"a": "1", "b": "true"}),
    (dict, "{1: x, yes: y}", {"1": "x", "yes": "y"}),
    (dict, '{"n": 20260917123456123456}', {"n": "20260917123456123456"}),
    *((dict, text, BAD) for text in ["", "a: 1", "a=1", "[1]", "{a: 1", "{a:1}", "{a}", "{a: 1, a: 2}", "{? [x] : y}",
                                      '{"a": 1, "a": 2}', "{<<: *x}", "{a: &x 1}", "{a: !!int 1}", "{" * 9 + "}" * 9]),
    (dict[str, str], "{A: 1, B: 0755, C: yes, D: 16:10}", {"A": "1", "B": "0755", "C": "yes", "D": "16:10"}),
    (dict[str, str], '{"A": 1, "B": true, "C": null, "D": 1.10}', {"A": "1", "B": "true", "C": "null", "D": "1.10"}),
    (dict[str, str], "{A: [1]}", BAD), (dict[str, int], "{A: 1}", {"A": 1}), (dict[str, int], "{A: x}", BAD),
    (dict[str, int], '{"A": "1"}', BAD), (dict[str, list[str]], "{a: [1, 2]}", {"a": ["1", "2"]}),
    (dict[str, list[str]], "{a: b}", BAD), (dict[str, int | list[int]], "{a: 1, b: [2]}", {"a": 1, "b": [2]}),
    # Literal and Path
    (Literal["a", "b"], "a", "a"), (Literal["a", "b"], "A", BAD), (Literal[1, 2], "2", 2), (Literal[1, 2], "3", BAD),
    (Literal[True, "auto"], "true", True), (Literal[True, "auto"], "auto", "auto"),
    (Path, "/etc/hosts", Path("/etc/hosts")), (Path, "", BAD), (Path, "a\0b", BAD), (Path | None, "null", None),
    # anything: JSON, else text
    (Any, "1", 1), (Any, "-1.5", -1.5), (Any, "1e3", 1000.0), (Any, "true", True), (Any, "False", False),
    (Any, "null", None),
    (Any, '"0755"', "0755"), (Any, '{"a": [1, "x"]}', {"a": [1, "x"]}), (Any, "[1, 2]", [1, 2]),
    *((Any, text, text) for text in ["", "0755", "16:10", "yes", "no", "~", "None", "{a: b}", "[abc]*", "[abc]", "1.",
                                      ".5", "+1", "0x1f", "1e999", "NaN", "Infinity", "nan", '"', '"a"b"',
                                      "20260917123456123456"]),
    (Any, "[NaN]", ["NaN"]), (Any, "[" * 300 + "]" * 300, "[" * 300 + "]" * 300),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "expected"), CASES)
def test_text_becomes_what_the_parameter_wants(kind: Any, text: str, expected: Any) -> None:
    if expected is BAD:
        with pytest.raises(Mismatch):
            from_text(text, kind)
        return
    value = from_text(text, kind)
    assert value == expected
    assert type(value) is type(expected)
    assert not isinstance(value, literal.Plain)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" * 5000 + "]" * 5000, "{a: " * 60 + "1" + "}" * 60, "[" * 60 + "]" * 60]
)
def test_deep_nesting_is_refused(text: str) -> None:
    for kind in (list, dict, dict[str, Any], list[str] | None):
        try:
            from_text(text, kind)
        except Mismatch:
            continue
        assert kind == list[str] | None  # `[[[[` is a word of a comma list


VALUES: list[tuple[Any, Any, Any]] = [
    (str, "x", "x"), (str, 1, BAD), (str, None, BAD), (str, b"x", BAD), (str | None, None, None),
    (int, 1, 1), (int, True, BAD), (int, 1.0, BAD), (int, "1", BAD),
    (float, 1, 1.0), (float, 1.5, 1.5), (float, "1", BAD), (float, True, BAD),
    (bool, True, True), (bool, 1, BAD), (bool, "true", BAD),
    (list, [1, "a"], [1, "a"]), (list, (1, 2), [1, 2]), (list, "a", BAD), (list, {}, BAD),
    (list[str], ["a"], ["a"]), (list[str], [1], BAD), (list[str], "a,b", BAD),
    (dict, {"a": 1}, {"a": 1}), (dict, [], BAD), (dict, {1: 2}, BAD), (dict[str, str], {"a": 1}, BAD),
    (dict[str, float], {"a": 1}, {"a": 1.0}),
    (Path, "/x", Path("/x")), (Path, Path("/x"), BAD), (Path, 1, BAD), (Path, "", BAD),
    (Literal["a"], "a", "a"), (Literal["a"], "b", BAD), (Literal[1], True, BAD), (Literal[1], 1, 1),
    (str | list[str], ["a"], ["a"]), (str | list[str], "a", "a"), (str | list[str], 1, BAD),
    (Any, b"x", b"x"), (Any, None, None), (object, [1], [1]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value", "expected"), VALUES)
def test_typed_value_must_be_of_the_type(kind: Any, value: Any, expected: Any) -> None:
    if expected is BAD:
        with pytest.raises(Mismatch):
            from_value(value, kind)
        return
    found = from_value(value, kind)
    assert found == expected
    assert type(found) is type(expected)


@given(st.text())
def test_text_is_never_changed_for_a_text_parameter(text: str) -> None:
    assert from_text(text, str) == text
    assert from_text(text, str | None) == text


@given(st.text(alphabet="0123456789+-.eExo_:{}[]\"',~ aN\n", max_size=30))
def test_only_a_mismatch_comes_out_and_only_finite_numbers(text: str) -> None:
    for kind in (int, float, bool, list, dict, list[int], dict[str, float], Any, int | None, Path):
        try:
            value = from_text(text, kind)
        except Mismatch as error:
            assert "\n" not in str(error)
            continue
        assert not isinstance(value, float) or math.isfinite(value)
        assert not isinstance(value, int) or -(2**63) <= value < 2**64


@given(st.integers(-(2**63), 2**64 - 1))
def test_every_wire_integer_can_be_typed(number: int) -> None:
    assert from_text(str(number), int) == number
    assert from_text(str(number), Any) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_can_be_typed(number: float) -> None:
    assert from_text(repr(number), float) == number
