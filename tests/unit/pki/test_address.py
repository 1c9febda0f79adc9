"""Addresses of masters: names and IP literals, nothing that changes an endpoint."""

from __future__ import annotations

import pytest

from pki.address import check_address
from shoal.errors import WireError


@pytest.mark.parametrize(
    "good",
    [
        "localhost",
        "master.example.com",
        "a",
        "m_1.internal",
        "192.0.2.1",
        "::1",
        "::",
        "2001:db8::17",
        "2001:db8:0:1:2:3:4:5",
        "::ffff:192.0.2.1",
        "fe80::1%eth0",
        "x" * 253,
    ],
)
def test_good(good: str) -> None:
    assert check_address(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "",
        " ",
        "a b",
        "a\n",
        "a\0b",
        "host:4505",
        "tcp://host",
        "*",
        "host;x",
        "host/../x",
        "a..b",
        ".a",
        "a.",
        "-a",
        "[::1]",
        "::1%",
        "fe80::1%eth0;ipc",
        "éxample",
        "x" * 254,
        None,
        17,
        b"host",
    ],
)
def test_bad(bad: object) -> None:
    with pytest.raises(WireError, match="bad master address"):
        check_address(bad)
