"""All of Salt's `file` states that Shoal means to have are there."""

from __future__ import annotations

from tests.unit.states.conftest import LIBRARY

NAMES = sorted(LIBRARY.names_in("file"))


def test_all_of_them_are_there() -> None:
    assert {name.partition(".")[2] for name in NAMES} == {
        "absent", "accumulated", "append", "blockreplace", "cached", "comment", "copy", "decode", "directory", "exists",
        "hardlink", "keyvalue", "line", "managed", "missing", "prepend", "recurse", "rename", "replace", "serialize",
        "symlink", "tidied", "touch", "uncomment",
    }  # fmt: skip
