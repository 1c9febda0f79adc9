"""Interfaces, addresses and gateways."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

from minion.grains.hosts import Hosts
from minion.grains.netlink import Address
from minion.grains.sources import Sources

_DEVICES: Final = "sys/class/net"
_ROUTE_UP: Final = 0x1
_ROUTE_REJECT: Final = 0x200


def collect(sources: Sources) -> dict[str, Any]:
    """Return `ip*_interfaces`, `hwaddr_interfaces`, `ipv4`, `ipv6`, `ip*_gw` and `fqdns`.

    A gateway is its address; True for a default route without one; False when there is no default route.
    """
    addresses = sources.addresses()
    table = _table(sources, addresses)
    gateway4, gateway6 = _gateway(_routes4(sources)), _gateway(_routes6(sources))
    return {
        "ip_interfaces": {name: own[4] + own[6] for name, own in table.items()},
        "ip4_interfaces": {name: own[4] for name, own in table.items()},
        "ip6_interfaces": {name: own[6] for name, own in table.items()},
        "hwaddr_interfaces": _hardware(sources, table),
        "ipv4": _all(addresses, 4, socket.AF_INET),
        "ipv6": _all(addresses, 6, socket.AF_INET6),
        "ip4_gw": gateway4,
        "ip6_gw": gateway6,
        "ip_gw": bool(gateway4 or gateway6),
        "fqdns": _local_names(sources, addresses),
    }


def _table(sources: Sources, addresses: list[Address]) -> dict[str, dict[int, list[str]]]:
    """Return the addresses by interface and version; interfaces without any are there too."""
    names = [name for name in sources.names(_DEVICES) if sources.exists(f"{_DEVICES}/{name}/ifindex")]
    table: dict[str, dict[int, list[str]]] = {name: {4: [], 6: []} for name in names}
    for address in addresses:
        table.setdefault(address.interface, {4: [], 6: []})[address.version].append(address.text)
    return table


def _all(addresses: list[Address], version: int, family: int) -> list[str]:
    found = {a.text for a in addresses if a.version == version}
    return sorted(found, key=lambda text: socket.inet_pton(family, text))


def _hardware(sources: Sources, names: Iterable[str]) -> dict[str, str]:
    found = {name: sources.text(f"{_DEVICES}/{name}/address") for name in names}
    return {name: address for name, address in found.items() if address}


def _local_names(sources: Sources, addresses: list[Address]) -> list[str]:
    """Return the full names that the hosts file has for our own addresses; no name server is asked."""
    hosts = Hosts.read(sources)
    own = {a.text for a in addresses if a.interface != "lo"}
    return sorted({name for address in own for name in hosts.names_of(address) if "." in name})


def _routes4(sources: Sources) -> Iterator[tuple[int, str | bool]]:
    """Yield metric and gateway of each IPv4 default route."""
    for line in sources.text("proc/net/route").splitlines()[1:]:
        _, destination, gateway, flags, _, _, metric, mask = line.split()[:8]
        if not (int(destination, 16) or int(mask, 16)) and _usable(flags):
            # The kernel prints the address as a number in the machine's own byte order.
            yield int(metric), _text(socket.AF_INET, struct.pack("=L", int(gateway, 16)))


def _routes6(sources: Sources) -> Iterator[tuple[int, str | bool]]:
    """Yield metric and gateway of each IPv6 default route."""
    for line in sources.text("proc/net/ipv6_route").splitlines():
        destination, length, _, _, gateway, metric, _, _, flags, name = line.split()[:10]
        if not (int(destination, 16) or int(length, 16)) and name != "lo" and _usable(flags):
            yield int(metric, 16), _text(socket.AF_INET6, bytes.fromhex(gateway))


def _usable(flags: str) -> bool:
    bits = int(flags, 16)
    return bool(bits & _ROUTE_UP) and not bits & _ROUTE_REJECT


def _gateway(routes: Iterable[tuple[int, str | bool]]) -> str | bool:
    return min(routes, key=lambda route: route[0], default=(0, False))[1]


def _text(family: int, packed: bytes) -> str | bool:
    return socket.inet_ntop(family, packed) if any(packed) else True
