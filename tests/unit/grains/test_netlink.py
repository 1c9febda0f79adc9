"""Address dumps of the kernel, taken apart."""

import socket
import struct

import pytest

from minion.grains.netlink import parse_dump

LO = socket.if_nametoindex("lo")


def attribute(kind, value):
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


def message(kind, body):
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def address(family, index, *attributes):
    return message(20, struct.pack("=BBBBI", family, 24, 0, 0, index) + b"".join(attributes))


def done():
    return message(3, struct.pack("=i", 0))


def test_own_end_of_a_point_to_point_link_is_reported():
    data = address(socket.AF_INET, LO, attribute(1, bytes([10, 0, 0, 2])), attribute(2, bytes([10, 0, 0, 1])))
    addresses, ended = parse_dump(data + done())
    assert [(a.interface, a.version, a.text) for a in addresses] == [("lo", 4, "10.0.0.1")]
    assert ended


def test_dump_goes_on_in_the_next_datagram():
    first = address(socket.AF_INET6, LO, attribute(1, socket.inet_pton(socket.AF_INET6, "fd00::1")))
    addresses, ended = parse_dump(first)
    assert [(a.version, a.text) for a in addresses] == [(6, "fd00::1")]
    assert not ended


def test_interface_that_went_away_keeps_its_number():
    addresses, _ = parse_dump(address(socket.AF_INET, 999_999, attribute(2, bytes([10, 0, 0, 1]))))
    assert addresses[0].interface == "999999"


def test_labels_with_odd_lengths_do_not_shift_what_follows():
    data = address(socket.AF_INET, LO, attribute(3, b"lo:12\0"), attribute(2, bytes([10, 9, 8, 7])))
    assert parse_dump(data + data + done())[0][1].text == "10.9.8.7"


def test_other_families_and_messages_are_passed_over():
    data = address(28, LO, attribute(1, b"\0\0\0\0")) + message(16, b"\0" * 16) + address(socket.AF_INET, LO)
    assert parse_dump(data + done()) == ([], True)


def test_refusal_of_the_kernel_is_an_error():
    with pytest.raises(OSError, match="refused"):
        parse_dump(message(2, struct.pack("=i", -13)))


@pytest.mark.parametrize("data", [b"", b"\0" * 16, b"\0" * 7, address(2, LO, b"\1\0\0\0")])
def test_short_or_empty_datagrams_give_nothing(data):
    assert parse_dump(data) == ([], False)
