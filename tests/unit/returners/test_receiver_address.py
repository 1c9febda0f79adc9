"""Where a webhook must not go by accident, in every spelling."""

from __future__ import annotations

import pytest

from returners.receiver_address import connect, is_local
from shoal.errors import ReceiverAwayError, TryAgainError

LOCAL = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "::1", "::",
    "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a9fe:a9fe::1", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200",
]  # fmt: skip
ELSEWHERE = [
    "10.0.0.7",
    "192.168.1.9",
    "172.16.0.1",
    "8.8.8.8",
    "2001:db8::7",
    "fd12::9",
    "64:ff9b::808:808",
    "100.64.0.1",
]


@pytest.mark.parametrize("address", LOCAL)
def test_own_addresses_are_known_in_every_spelling(address: str) -> None:
    assert is_local(address)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_addresses_of_a_network_are_not_local(address: str) -> None:
    assert not is_local(address)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "0x7f.1", "2130706433", "169.254.169.254"])
def test_local_host_is_refused_before_anything_is_connected(host: str) -> None:
    with pytest.raises(TryAgainError, match="a local address: set allow_local if that is right"):
        connect(host, 9, 1.0, allow_local=False)


def test_name_that_does_not_exist_is_a_receiver_that_is_away() -> None:
    with pytest.raises(ReceiverAwayError, match=r"^nobody\.invalid: "):
        connect("nobody.invalid", 9, 1.0, allow_local=False)
