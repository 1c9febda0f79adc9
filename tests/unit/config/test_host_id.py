"""The id of a host whose configuration gives none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.config.host_id import clean_id, full_name, host_id
from shoal.ids import check_minion_id

HOSTS = "127.0.0.1 localhost\n127.0.1.1\tedge1.example.com edge1 # here\n::1 localhost.localdomain\n#1.2.3.4 x.y\n"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("edge1", "edge1.example.com"),
        ("edge", "edge"),
        ("edge1.other", "edge1.other"),
        ("localhost", "localhost"),
        ("x", "x"),
    ],
)
def test_domain_comes_from_the_hosts_file(name: str, full: str) -> None:
    assert full_name(name, HOSTS) == full


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("pi", "pi"),
        ("my box", "my-box"),
        ("-x.", "x"),
        ("a..b", "a.b"),
        ("", "localhost"),
        ("бокс", "localhost"),
    ],
)
def test_bad_characters_are_replaced(name: str, made: str) -> None:
    assert clean_id(name) == made


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300) | st.text("a.@-_ ", max_size=300))
def test_any_host_name_gives_a_legal_id(name: str) -> None:
    check_minion_id(clean_id(name))


def test_this_host_has_one() -> None:
    check_minion_id(host_id())
