"""Versions are compared as dpkg and rpm do it; dpkg itself is asked where it is there."""

from __future__ import annotations

import itertools
import random
import shutil
import subprocess

import pytest

from modules.pkg.versions import chosen, compare_deb, compare_rpm, ordered, without_epoch
from shoal.errors import ArgumentError

HARD = [
    "1.0", "1.0-0", "1.0-1", "1.0-1~bpo1", "1.0~rc1", "1.0~rc1-1", "1.0~~", "1.0~", "1.0+b1", "1.0.0",
    "1.00", "01.0", "0:1.0", "1:0.9", "1.0-1+deb12u1", "1.0-1+deb12u10", "1.0-1+deb12u9", "1.0a",
    "1.0A", "1.0z", "1.0.a", "1.0+", "1.0-", "1.0-1.1", "1.0-10", "1.0-2", "2", "10", "0", "0~", "0-0",
    "1.0-a", "1.0.1", "1.0-1-1", "1.0-1-2", "1.0:1-1", "1a2b3", "1a2b", "20230311+deb12u1",
    "0.0~git20161224.0.349dd02-1.1", "5.2.15-2+b13", "5.2.15-2+b8", "1:2.38.1-5+deb12u3", "6.1.192-2",
    "2.36-9+deb12u14",
]  # fmt: skip


def dpkg_says(left: str, right: str) -> int:
    for word, order in (("lt", -1), ("eq", 0)):
        if subprocess.run(["dpkg", "--compare-versions", left, word, right], check=False).returncode == 0:
            return order
    return 1


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is asked")
def test_order_of_debian_versions_is_that_of_dpkg() -> None:
    usual = [each for each in HARD if not each.endswith("-") and each != "1.0:1-1"]  # dpkg warns of these
    pairs = list(itertools.combinations(usual, 2))
    for left, right in random.Random(7).sample(pairs, 220):
        assert compare_deb(left, right) == dpkg_says(left, right), (left, right)
        assert compare_deb(right, left) == -compare_deb(left, right)


@pytest.mark.skipif(not shutil.which("dpkg"), reason="dpkg is asked")
def test_made_up_versions_are_ordered_as_dpkg_does() -> None:
    dice = random.Random(11)
    for _ in range(120):
        left, right = ("1" + "".join(dice.choices("01a~+.-Z", k=dice.randint(0, 5))) + "0" for _ in range(2))
        assert compare_deb(left, right) == dpkg_says(left, right), (left, right)


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [  # those of rpm's own test suite
        ("1.0", "1.0", 0),
        ("1.0", "2.0", -1),
        ("2.0.1", "2.0", 1),
        ("2.0.1a", "2.0.1", 1),
        ("5.5p1", "5.5p2", -1),
        ("5.5p10", "5.5p1", 1),
        ("10xyz", "10.1xyz", -1),
        ("xyz10", "xyz10.1", -1),
        ("xyz.4", "8", -1),
        ("5.5p2", "5.6p1", -1),
        ("6.0.rc1", "6.0", 1),
        ("10b2", "10a1", 1),
        ("1.0aa", "1.0a", 1),
        ("10.0001", "10.1", 0),
        ("4.999.9", "5.0", -1),
        ("20101121", "20101121", 0),
        ("2_0", "2.0", 0),
        ("a+", "a_", 0),
        ("1.0~rc1", "1.0", -1),
        ("1.0~rc1", "1.0~rc2", -1),
        ("1.0~rc1~git123", "1.0~rc1", -1),
        ("1.0^", "1.0", 1),
        ("1.0^git1", "1.0^git2", -1),
        ("1.0^git1", "1.01", -1),
        ("1.0^20160101", "1.0.1", -1),
        ("1.0^20160101^git1", "1.0^20160102", -1),
        ("1.0~rc1^git1", "1.0~rc1", 1),
        ("1.0^git1~pre", "1.0^git1", -1),
        ("1:1.0-1", "2.0-1", 1),
        ("0:1.0-1", "1.0-1", 0),
        ("1.0-1.el9", "1.0-1.el9_2.1", -1),
        ("1.0", "1.0-5", 0),
    ],
)
def test_order_of_rpm_versions(left: str, right: str, order: int) -> None:
    assert compare_rpm(left, right) == order
    assert compare_rpm(right, left) == -order


OFFER = ["1:3.0-1", "2.1-3", "2.1-1", "1.9-1"]


@pytest.mark.parametrize(
    ("wish", "version"),
    [
        ("2.1-1", "2.1-1"),
        ("2.1*", "2.1-3"),
        ("3.0*", "1:3.0-1"),
        (">=1.9,<2.1-2", "2.1-1"),
        ("<2", "1.9-1"),
        (">= 2.1-3, != 1:3.0-1", "2.1-3"),
        (">9:1", ""),
        ("7*", ""),
    ],
)
def test_wish_takes_the_newest_that_fits(wish: str, version: str) -> None:
    assert chosen(wish, OFFER, compare_deb) == version


def test_condition_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"'1\.2' is not a condition"):
        chosen(">1,1.2", OFFER, compare_deb)


def test_versions_are_put_in_order_and_lose_their_epoch() -> None:
    assert ordered(OFFER, compare_deb) == OFFER[::-1]
    assert [without_epoch(each) for each in ("1:3.0-1", "3:a", "x:1", "1.0")] == ["3.0-1", "a", "x:1", "1.0"]
