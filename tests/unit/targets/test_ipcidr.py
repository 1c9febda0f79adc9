"""Addresses and networks."""

from __future__ import annotations

import pytest

from shoal.targets import Facts, TermError
from shoal.targets.ipcidr import compile_ipcidr

_BOX = Facts(
    id="box",
    grains={
        "ipv4": ["127.0.0.1", "10.1.0.12", "not an address", 7],
        "ipv6": ["::1", "fd00:1::12", "fe80::5%eth0"],
    },
)


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        ("10.1.0.12", True),
        ("10.1.0.13", False),
        ("10.1.0.0/24", True),
        ("10.1.0.0/255.255.255.0", True),
        ("10.1.1.0/24", False),
        ("0.0.0.0/0", True),
        ("10.1.0.12/32", True),
        ("fd00:1::12", True),
        ("FD00:0001:0::12", True),
        ("fd00::/16", True),
        ("fe80::/10", True),
        ("fd01::/16", False),
        ("::/0", True),
    ],
)
def test_address_or_network(expr: str, found: bool) -> None:
    assert compile_ipcidr(expr)(_BOX) is found


@pytest.mark.parametrize(
    "grains", [{}, {"ipv4": None}, {"ipv4": []}, {"ipv4": {"a": 1}}, {"ipv4": "rubbish\0"}]
)
def test_box_without_addresses_is_not_matched(grains: dict[str, object]) -> None:
    assert not compile_ipcidr("0.0.0.0/0")(Facts(id="box", grains=grains))
    assert not compile_ipcidr("10.0.0.1")(Facts(id="box", grains=grains))


def test_single_address_may_stand_without_a_list() -> None:
    assert compile_ipcidr("10.0.0.0/8")(Facts(id="box", grains={"ipv4": "10.9.9.9"}))


@pytest.mark.parametrize(
    "expr", ["", "10.1", "web01", "10.0.0.0/33", "/24", "10.0.0.1/x", "x" * 9000, "\n", "1/2/3"]
)
def test_neither_address_nor_network(expr: str) -> None:
    with pytest.raises(TermError, match=r"no address and no network: write 10\.1\.0\.12 or") as caught:
        compile_ipcidr(expr)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("expr", "meant"),
    [("10.1.0.7/24", "10.1.0.0/24"), ("fd00:1::5/32", "fd00:1::/32"), ("10.1.0.7/0", "0.0.0.0/0")],
)
def test_network_with_host_bits_shows_what_was_meant(expr: str, meant: str) -> None:
    with pytest.raises(TermError, match=f"has bits set beyond its mask: write {meant}"):
        compile_ipcidr(expr)
