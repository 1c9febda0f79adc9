"""Paths into nested data."""

from __future__ import annotations

import time
from typing import Any

import pytest

from shoal.errors import TargetError
from shoal.targets import TermError
from shoal.targets.data import MAX_LEVELS, compile_data

_BOX: dict[str, Any] = {
    "os": "Debian",
    "number": 12,
    "on": True,
    "none": None,
    "roles": ["Web", "front"],
    "site": {"name": "paris", "geo": {"city": "Paris"}},
    "ipv6": ["::1", "fd00:1::11"],
    "disks": [{"name": "mmc", "size": 32}, {"name": "sda", "size": 480}],
    "labels": {"a:b": "c", "a[b]": "d"},
    "ports": {80: "http", True: "odd", None: "nothing"},
    "empty": {},
    "url": "http://x:80/",
    "odd": [["a", "b"], "c"],
}


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("os:Debian", True),
        ("os:dEB*", True),
        ("OS:Debian", False),
        ("os:", False),
        ("number:12", True),
        ("number:1?", True),
        ("on:true", True),
        ("none:None", True),
        ("nokey:*", False),
        ("roles:web", True),
        ("roles:0:web", True),
        ("roles:-1:front", True),
        ("roles:7:web", False),
        ("roles:0", False),
        ("site:name:paris", True),
        ("site:NAME:paris", False),
        ("site:NAME", True),
        ("site:n*", True),
        ("site:*", True),
        ("site:geo:city:paris", True),
        ("site:*:city:paris", True),
        ("site:*:paris", True),
        ("empty:*", False),
        ("ipv6:fd00:1::11", True),
        ("ipv6:*::11", True),
        ("disks:size:480", True),
        ("disks:1:name:sda", True),
        ("disks:name", True),
        ("disks:sda", False),
        ("disks:{*480}", True),
        ("labels:a:b", True),
        ("labels:a[b]", True),
        ("ports:80:http", True),
        ("ports:true:odd", True),
        ("ports:null:nothing", True),
        ("ports: 80:http", True),
        ("url:http://x:80/", True),
        ("odd:a", False),
        ("odd:['a*", True),
        ("*:debian", True),
        ("*:front", True),
        ("*:name:paris", True),
        ("*:city:paris", False),
        ("*:*", True),
        ("*:nothing-like-it", False),
    ],
)
def test_glob_on_nested_data(expr: str, found: bool) -> None:
    assert compile_data(expr, ":", "glob")(_BOX) is found


@pytest.mark.parametrize(
    ("expr", "delimiter", "style", "found"),
    [
        ("site|name|paris", "|", "glob", True),
        ("site::name::paris", "::", "glob", True),
        ("disks|size|32", "|", "glob", True),
        ("disks|size|480", "|", "glob", False),  # below a list the delimiter is always ':'
        ("disks|size:480", "|", "glob", True),
        ("os:Deb.*n$", ":", "pcre", True),
        ("os:eb", ":", "pcre", False),
        (r"os:\D+$", ":", "pcre", True),
        ("url:(?:http|ftp)", ":", "pcre", True),  # the delimiter is part of the expression
        ("site:*", ":", "pcre", True),  # any key, though '*' is no expression
        ("os:*", ":", "pcre", False),
        ("os:debian", ":", "exact", True),
        ("os:deb*", ":", "exact", False),
        ("site:*", ":", "exact", True),
    ],
)
def test_delimiters_and_styles(expr: str, delimiter: str, style: str, found: bool) -> None:
    assert compile_data(expr, delimiter, style)(_BOX) is found


def test_nothing_is_found_in_nothing() -> None:
    assert not compile_data("*:*", ":", "glob")({})


@pytest.mark.parametrize(
    ("expr", "delimiter", "style", "says"),
    [
        ("os", ":", "glob", "'os' has no ':' in it: write NAME:VALUE"),
        ("os:x", "|", "glob", "has no '|' in it"),
        ("os:[a-", ":", "pcre", "unterminated character set"),
        ("*:[a-", ":", "pcre", "unterminated character set"),
        ("os:a:*:[a-", ":", "pcre", "cannot be read"),
    ],
)
def test_term_that_asks_for_nothing(expr: str, delimiter: str, style: str, says: str) -> None:
    with pytest.raises(TermError) as caught:
        compile_data(expr, delimiter, style)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("expr", "delimiter", "style", "says"),
    [
        ("a:" * MAX_LEVELS + "a", ":", "glob", "more than 16 levels"),
        ("*:*:*:*:*:x", ":", "glob", "more than 4 levels that are '*'"),
        ("a|" + "*:" * 9000, "|", "glob", "more than 4 levels that are '*'"),
        ("os:(a+)+", ":", "pcre", "could take for ever"),
        ("os:" + "a*" * 1000, ":", "glob", "longer than 1024"),
    ],
)
def test_expression_over_a_bound_is_refused(expr: str, delimiter: str, style: str, says: str) -> None:
    with pytest.raises(TargetError) as caught:
        compile_data(expr, delimiter, style)
    assert says in str(caught.value)
    assert not isinstance(caught.value, TermError)


def test_value_with_thousands_of_colons_can_be_sought_with_another_delimiter() -> None:
    value = "a:" * 20_000
    assert compile_data(f"k|{value}", "|", "glob")({"k": value})


def test_data_made_to_slow_the_search_down_ends_soon() -> None:
    deep: Any = {"a": "b", "c": {"a": "b"}}
    for _ in range(50):
        deep = {"a": deep, "b": [deep], "c": "x"}
    started = time.process_time()
    assert not compile_data("a:" * (MAX_LEVELS - 1) + "nowhere", ":", "glob")(deep)
    assert time.process_time() - started < 20
