"""`test.*` as an operator types it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modules.result import Result
from shoal.errors import ArgumentError, ModuleError
from shoal.version import VERSION

Ask = Callable[[str], Any]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("test.ping", True),
        ("test.true", True),
        ("test.false", False),
        ("test.version", VERSION),
        ("test.echo 'a b'", "a b"),
        ("test.echo 0755", "0755"),
        ("test.echo text=yes", "yes"),
        ("test.arg 1 two a=1.5 b=0755", {"args": [1, "two"], "kwargs": {"a": 1.5, "b": "0755"}}),
        ("test.arg 16:10", {"args": ["16:10"], "kwargs": {}}),
        ("test.kwarg ctx=1 args=2", {"ctx": 1, "args": 2}),
        ("test.arg_repr 1 a=b", {"args": "(1,)", "kwargs": "{'a': 'b'}"}),
        ("test.arg_type 1 a=b", {"args": ["<class 'int'>"], "kwargs": {"a": "<class 'str'>"}}),
        ("test.outputter '[1, {\"a\": null}]'", [1, {"a": None}]),
        ("test.retcode", Result(True, retcode=42)),
        ("test.retcode 0", Result(True)),
        ("test.assertion yes", True),
        ("test.sleep 0", True),
        ("test.rand_sleep max=0", True),
        ("test.rand_str 0", ""),
    ],
)
def test_value(ask: Ask, line: str, value: Any) -> None:
    assert ask(line) == value


@pytest.mark.parametrize(
    "line", ["test.sleep -1", "test.rand_str -1", "test.rand_str 2000000", "test.collatz 0"]
)
def test_impossible_number_is_refused(ask: Ask, line: str) -> None:
    with pytest.raises(ArgumentError):
        ask(line)


def test_numbers_are_computed(ask: Ask) -> None:
    assert [ask(f"test.fib {n}")[0] for n in range(8)] == [0, 1, 1, 2, 3, 5, 8, 13]
    assert ask("test.collatz 6")[0] == [6, 3, 10, 5, 16, 8, 4, 2, 1]


def test_random_text_has_its_size_and_is_new_each_time(ask: Ask) -> None:
    first, second = ask("test.rand_str 40"), ask("test.rand_str 40")
    assert first != second
    assert first.isalnum()
    assert len(first) == 40


def test_exception_is_a_strangers(ask: Ask) -> None:
    with pytest.raises(RuntimeError, match="Oh noes!"):
        ask("test.exception 'Oh noes!'")
    with pytest.raises(RuntimeError, match="Test Exception"):
        ask("test.raise_exception")


def test_assertion_fails_with_one_line(ask: Ask) -> None:
    with pytest.raises(ModuleError, match="the assertion is false"):
        ask("test.assertion false")


def test_versions_name_the_libraries(ask: Ask) -> None:
    found = ask("test.versions_information")
    assert found["Shoal Version"] == {"Shoal": VERSION}
    assert {"Python", "msgpack", "pyzmq", "PyNaCl"} <= found["Dependency Versions"].keys()
    report = ask("test.versions_report")
    assert f"Shoal: {VERSION}" in report
    assert report.startswith("Shoal Version:\n")
