"""Addresses: `-S 10.1.0.0/24`, `-S fd00::/16`, `-S 10.1.0.12`, against the grains `ipv4` and `ipv6`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shoal.targets.facts import Facts, Matcher
from shoal.targets.target import TermError


def compile_ipcidr(expr: str) -> Matcher:
    """Return a matcher for minions with the address `expr`, or with any address in the network `expr`.

    Raises TermError: neither, or a network with host bits set (`10.1.0.7/24`), as in Salt.
    """
    import ipaddress  # rarely needed, and big for a small box

    try:
        address = ipaddress.ip_address(expr)
    except ValueError:
        pass
    else:
        return _has_address(f"ipv{address.version}", str(address))
    try:
        network = ipaddress.ip_network(expr, strict=False)
    except ValueError:
        raise TermError(
            f"{expr[:80]!r} is no address and no network: write 10.1.0.12 or 10.1.0.0/24"
        ) from None
    if ipaddress.ip_address(expr.partition("/")[0]) != network.network_address:
        raise TermError(f"{expr[:80]!r} has bits set beyond its mask: write {network}")
    return _in_network(network.version, int(network.network_address), int(network.netmask))


def _has_address(grain: str, wanted: str) -> Matcher:
    return lambda facts: wanted in _addresses(facts.grains, grain)


def _in_network(version: int, network: int, mask: int) -> Matcher:
    import socket  # parses an address ten times faster than ipaddress does

    grain, family = f"ipv{version}", socket.AF_INET if version == 4 else socket.AF_INET6

    def inside(address: object) -> bool:
        try:
            packed = socket.inet_pton(family, str(address).partition("%")[0])
        except (OSError, ValueError):  # not an address: a grain is the box's own word
            return False
        return int.from_bytes(packed, "big") & mask == network

    def matcher(facts: Facts) -> bool:
        return any(map(inside, _addresses(facts.grains, grain)))

    return matcher


def _addresses(grains: Mapping[str, Any], grain: str) -> Iterable[object]:
    value = grains.get(grain)
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)
