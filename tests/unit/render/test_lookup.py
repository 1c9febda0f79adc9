"""Looking into nested data and choosing from tables, as Salt does."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import ModuleError
from shoal.lookup import filter_by, merged, traverse

DATA: dict[str, Any] = {
    "os": "Debian",
    "ip": {"eth0": ["10.0.0.1", "fd00::1"]},
    "disks": [{"name": "sda"}, {"size": 5}],
    "none": None,
    "0": "zero",
}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("os", "Debian"),
        ("ip:eth0", ["10.0.0.1", "fd00::1"]),
        ("ip:eth0:1", "fd00::1"),
        ("ip:eth0:-1", "fd00::1"),
        ("ip:eth0:2", "?"),
        ("ip:eth0:x", "?"),
        ("disks:name", "sda"),
        ("disks:size", 5),
        ("disks:1:size", 5),
        ("none", None),
        ("none:x", "?"),
        ("os:x", "?"),
        ("0", "zero"),
        ("", "?"),
        ("ip:", "?"),
    ],
)
def test_key_leads_into_maps_and_lists(key: str, found: Any) -> None:
    assert traverse(DATA, key, "?") == found


def test_delimiter_can_be_chosen() -> None:
    assert traverse({"a:b": {"c": 1}}, "a:b|c", "?", "|") == 1
    assert traverse({"a:b": 1}, "a:b", "?", "") == 1


def test_merging_makes_a_new_map() -> None:
    below, above = {"a": {"x": 1, "y": [1]}, "b": 1}, {"a": {"y": [2], "z": 3}, "c": {}}
    found = merged(below, above)
    assert found == {"a": {"x": 1, "y": [2], "z": 3}, "b": 1, "c": {}}
    found["a"]["y"].append(9)
    assert (below, above) == ({"a": {"x": 1, "y": [1]}, "b": 1}, {"a": {"y": [2], "z": 3}, "c": {}})


TABLE = {
    "Deb*": {"pkg": "apache2"},
    "RedHat": {"pkg": "httpd"},
    "default": {"pkg": "none"},
    "all": {"port": 80},
}


@pytest.mark.parametrize(
    ("value", "options", "found"),
    [
        ("Debian", {}, {"pkg": "apache2"}),
        ("Arch", {}, {"pkg": "none"}),
        ("Arch", {"default": "nope"}, None),
        (["x", "RedHat"], {}, {"pkg": "httpd"}),
        ([], {}, {"pkg": "none"}),
        ("RedHat", {"base": "all"}, {"pkg": "httpd", "port": 80}),
        ("RedHat", {"merge": {"pkg": "nginx"}}, {"pkg": "nginx"}),
        ("Arch", {"default": "nope", "merge": {"a": 1}}, {"a": 1}),
        ("Arch", {"default": "nope", "base": "all"}, {"port": 80}),
    ],
)
def test_entry_is_chosen_by_glob(value: Any, options: dict[str, Any], found: Any) -> None:
    assert filter_by(TABLE, value, **{"default": "default", **options}) == found


def test_only_maps_can_be_merged() -> None:
    with pytest.raises(ModuleError, match="only maps can be merged"):
        filter_by({"a": "text"}, "a", default="", merge={"x": 1})
