"""Arguments find their parameters, or one line says why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.context import Context
from shoal.errors import ArgumentError
from shoal.functions.function import Function, function, marks_of
from shoal.functions.signature import bind


def known(call: Any, name: str = "box.do") -> Function:
    marks = marks_of(call)
    assert marks
    return Function(name, call, marks)


@function
def install(ctx: Context, name: str, version: str = "", *, refresh: bool = False, tries: int = 1) -> None:
    """Install."""


@function
def echo(ctx: Context, text: str) -> str:
    """Echo."""
    return text


@function
def anything(ctx: Context, /, *args: Any, **kwargs: Any) -> None:
    """Take anything."""


@function
def loose(ctx: Context, max_: int = 0, **kwargs: str) -> None:
    """Take text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    cwd: str = ""
    env: dict[str, str] = field(default_factory=dict)
    timeout: float = 0.0


@function
def bundled(ctx: Context, cmd: str, options: Options = Options()) -> None:
    """Run."""


@function
def demanding(ctx: Context, first: str, *, second: int) -> None:
    """Want both."""


USAGE = (
    "(usage: box.do(name: str, version: str = '', *, refresh: bool = False, tries: int = 1))"  # of `install`
)


@pytest.mark.parametrize(
    ("words", "args", "kwargs"),
    [
        (["nginx"], ["nginx"], {}),
        (["nginx", "1.10"], ["nginx", "1.10"], {}),
        (["nginx", "version=1.10"], ["nginx"], {"version": "1.10"}),
        (["version=1.10", "nginx"], ["nginx"], {"version": "1.10"}),
        (["name=nginx", "tries=3"], [], {"name": "nginx", "tries": 3}),
        (["nginx", "refresh=yes"], ["nginx"], {"refresh": True}),
        (["nginx", "version="], ["nginx"], {"version": ""}),
        (["name=a=b"], [], {"name": "a=b"}),
        (["--opt=1"], ["--opt=1"], {}),
        (["unrelated=1"], ["unrelated=1"], {}),  # not a parameter, so it is a text
        (["nmae=nginx"], ["nmae=nginx"], {}),  # a required text stays what was typed
        (["=x"], ["=x"], {}),
        (["a b=c"], ["a b=c"], {}),
    ],
)
def test_words_are_placed(words: list[str], args: list[Any], kwargs: dict[str, Any]) -> None:
    assert bind(known(install), words, {}, from_text=True) == (args, kwargs)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "box.do: 'name' is missing"),
        (["a", "b", "c"], "box.do: too many arguments, 'c' has no place"),
        (["a", "name=b"], "box.do: 'name' is given twice, by position and by name"),
        (["name=a", "name=b"], "box.do: 'name' is given twice"),
        (["a", "verison=1"], "box.do: no parameter is called 'verison', did you mean 'version'?"),
        (["a", "1", "refersh=yes"], "box.do: no parameter is called 'refersh', did you mean 'refresh'?"),
        (["a", "tries=x"], "box.do: 'tries' must be a whole number, not 'x'"),
        (["a", "tries=0755"], "box.do: 'tries' must be a whole number, not '0755'"),
        (["a", "refresh=1"], "box.do: 'refresh' must be true or false (also yes/no, on/off), not '1'"),
    ],
)
def test_misfit_is_one_line_with_the_usage(words: list[str], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        bind(known(install), words, {}, from_text=True)
    assert str(caught.value) == f"{message} {USAGE}"


def test_misspelled_name_in_place_of_a_number_is_called_by_its_name() -> None:
    @function
    def sleep(ctx: Context, length: float) -> None:
        """Sleep."""

    with pytest.raises(ArgumentError, match="no parameter is called 'lenght', did you mean 'length'"):
        bind(known(sleep), ["lenght=1"], {}, from_text=True)


def test_newline_in_a_value_does_not_break_the_line() -> None:
    with pytest.raises(ArgumentError) as caught:
        bind(known(install), ["a", "tries=1\n2"], {}, from_text=True)
    assert "\n" not in str(caught.value)


def test_long_value_is_shortened_in_the_error() -> None:
    with pytest.raises(ArgumentError) as caught:
        bind(known(install), ["a", "tries=" + "9" * 5000], {}, from_text=True)
    assert len(str(caught.value)) < 250


@given(st.text().filter(lambda text: not text.startswith("=")))  # `a==b` is one word, as in Salt
def test_any_text_arrives_unchanged_by_name(text: str) -> None:
    assert bind(known(echo), [f"text={text}"], {}, from_text=True) == ([], {"text": text})
    assert bind(known(echo), [], {"text": text}, from_text=True) == ([], {"text": text})


@given(st.text().filter(lambda text: not text.startswith("text=")))
def test_any_text_arrives_unchanged_by_position(text: str) -> None:
    assert bind(known(echo), [text], {}, from_text=True) == ([text], {})


@given(st.text())
def test_any_text_arrives_unchanged_over_the_api(text: str) -> None:
    assert bind(known(echo), [text], {}) == ([text], {})


@given(st.lists(st.text(), max_size=4), st.dictionaries(st.text(), st.text(), max_size=3))
def test_nothing_but_an_argument_error_comes_out(words: list[str], named: dict[str, str]) -> None:
    for call in (install, echo, anything, loose, bundled, demanding):
        try:
            args, kwargs = bind(known(call), words, named, from_text=True)
        except ArgumentError as error:
            assert "\n" not in str(error)
        else:
            call(None, *args, **kwargs)  # type: ignore[operator]


def test_function_with_free_names_takes_every_name() -> None:
    words = ["1", "a=2", "b=x", "ctx=5", "-c=1"]
    assert bind(known(anything), words, {}, from_text=True) == ([1, "-c=1"], {"a": 2, "b": "x", "ctx": 5})


def test_free_name_that_python_needs_itself_is_refused() -> None:
    with pytest.raises(ArgumentError, match="'ctx' cannot be used as a name here"):
        bind(known(loose), ["ctx=1"], {}, from_text=True)
    with pytest.raises(ArgumentError, match="'max_' cannot be used as a name here"):
        bind(known(loose), ["max_=1"], {}, from_text=True)


def test_trailing_underscore_is_not_part_of_the_name() -> None:
    assert bind(known(loose), ["max=3", "note=x"], {}, from_text=True) == ([], {"max_": 3, "note": "x"})
    assert known(loose).usage == "box.do(max: int = 0, **kwargs: str)"


def test_bundle_is_built_from_flat_names() -> None:
    words = ["ls", "cwd=/tmp", "env={A: 1}", "timeout=2"]
    expected = Options(cwd="/tmp", env={"A": "1"}, timeout=2.0)
    assert bind(known(bundled), words, {}, from_text=True) == (["ls"], {"options": expected})
    assert bind(known(bundled), ["ls"], {}) == (["ls"], {"options": Options()})
    assert known(bundled).usage == (
        "box.do(cmd: str, *, cwd: str = '', env: dict[str, str] = {}, timeout: float = 0.0)"
    )


def test_bundle_itself_is_not_a_name() -> None:
    with pytest.raises(ArgumentError, match="no parameter is called 'options'"):
        bind(known(bundled), ["ls"], {"options": {}})


def test_required_keyword_is_missed() -> None:
    with pytest.raises(ArgumentError, match="'second' is missing"):
        bind(known(demanding), ["a"], {}, from_text=True)


def test_no_parse_keeps_the_text() -> None:
    assert bind(known(anything), ["a=1", "b=1"], {}, from_text=True, no_parse=["a"])[1] == {"a": "1", "b": 1}


def test_no_parse_cannot_make_a_number_of_text() -> None:
    with pytest.raises(ArgumentError, match="'tries' must be a whole number, not '3'"):
        bind(known(install), ["a", "tries=3"], {}, from_text=True, no_parse=["tries"])


def test_no_parse_of_an_unknown_name_is_told() -> None:
    with pytest.raises(ArgumentError, match="no parameter is called 'nmae', did you mean 'name'"):
        bind(known(install), ["a"], {}, from_text=True, no_parse=["nmae"])


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ([1], {}, "'name' must be str, not 1"),
        (["a"], {"tries": "1"}, "'tries' must be a whole number, not '1'"),
        (["a"], {"tries": True}, "'tries' must be a whole number, not True"),
        (["a"], {"tries": 1.0}, "'tries' must be a whole number, not 1.0"),
        (["a"], {"refresh": "yes"}, "'refresh' must be true or false (also yes/no, on/off), not 'yes'"),
        (["a"], {"refresh": 1}, "'refresh' must be true or false (also yes/no, on/off), not 1"),
        (["a"], {"verison": "1"}, "no parameter is called 'verison', did you mean 'version'?"),
        (["a"], {"name": "b"}, "'name' is given twice, by position and by name"),
        ([b"a"], {}, "'name' must be str, not b'a'"),
    ],
)
def test_typed_arguments_must_be_of_the_type(args: list[Any], kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        bind(known(install), args, kwargs)
    assert str(caught.value) == f"box.do: {message} {USAGE}"


def test_typed_word_with_an_equals_sign_is_a_value() -> None:
    assert bind(known(install), ["name=x"], {}) == (["name=x"], {})


def test_values_that_came_typed_among_words_are_checked() -> None:
    assert bind(known(install), ["a"], {"tries": 3}, from_text=True) == (["a"], {"tries": 3})
    with pytest.raises(ArgumentError, match="'tries' must be a whole number"):
        bind(known(install), ["a"], {"tries": 3.5}, from_text=True)
