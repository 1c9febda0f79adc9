"""Filters of addresses; nothing is looked up."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from shoal.errors import RenderError

_MAX_HOSTS: Final = 65_536
_OPTIONS: Final = {
    "global": "is_global", "public": "is_global", "link-local": "is_link_local", "loopback": "is_loopback",
    "multicast": "is_multicast", "private": "is_private", "reserved": "is_reserved", "site-local": "is_site_local",
    "unspecified": "is_unspecified",
}  # fmt: skip
_VERSIONS: Final = {"ipv4": 4, "ipv6": 6}


def _interface(value: Any) -> Any:
    try:
        return ipaddress.ip_interface(str(value))
    except ValueError:
        return None


def is_ip(value: Any, options: str | None = None, version: int = 0) -> bool:
    """Say whether a text is an address of that version and kind; one with a mask is, too."""
    found = _interface(value) if isinstance(value, str) else None
    if found is None or (version and found.version != version):
        return False
    for option in str(options or "").replace(" ", "").split(","):
        if option in _VERSIONS:
            if found.version != _VERSIONS[option]:
                return False
        elif option and not getattr(found.ip, _OPTIONS.get(option, ""), False):
            return False
    return True


def ip_filter(value: Any, options: str | None = None, version: int = 0) -> Any:
    """Return a text that is an address, else nothing; of a list, those that are."""
    if isinstance(value, (list, tuple)):
        return [each for each in value if is_ip(each, options, version)]
    return value if is_ip(value, options, version) else None


def ip_host(value: Any, options: str | None = None, version: int = 0) -> Any:
    """Return the address with its prefix, for one text or each of a list."""
    if isinstance(value, (list, tuple)):
        return [str(_interface(each)) for each in value if is_ip(each, options, version)]
    return str(_interface(value)) if is_ip(value, options, version) else None


def _networks(value: Any, options: str | None, version: int) -> Iterable[Any]:
    values = value if isinstance(value, (list, tuple)) else [value]
    return [_interface(each).network for each in values if is_ip(each, options, version)]


def network_hosts(value: Any, options: str | None = None, version: int = 0) -> list[str]:
    """Return the addresses of a network."""
    hosts: list[str] = []
    for network in _networks(value, options, version):
        if network.num_addresses > _MAX_HOSTS:
            raise RenderError(f"{network} has more than {_MAX_HOSTS} addresses to list")
        hosts += map(str, network.hosts())
    return hosts


def network_size(value: Any, options: str | None = None, version: int = 0) -> Any:
    """Return how many addresses a network has; of a list, a list."""
    sizes = [network.num_addresses for network in _networks(value, options, version)]
    return sizes if isinstance(value, (list, tuple)) else sizes[0] if sizes else None


def mac_str_to_bytes(value: str) -> bytes:
    """Return the six bytes of a MAC address."""
    plain = str(value).replace(":", "").replace("-", "")
    if len(plain) != 12:
        raise RenderError(f"{str(value)[:40]!r} is no MAC address")
    return bytes.fromhex(plain)


def ipwrap(value: Any) -> Any:
    """Return an IPv6 address in brackets, anything else as it is."""
    if isinstance(value, (list, tuple)):
        return [ipwrap(each) for each in value]
    return f"[{value}]" if is_ip(value, None, 6) else value


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "ip_host": ip_host,
    "ipaddr": ip_filter,
    "ipv4": partial(ip_filter, version=4),
    "ipv6": partial(ip_filter, version=6),
    "ipwrap": ipwrap,
    "is_ip": is_ip,
    "is_ipv4": partial(is_ip, version=4),
    "is_ipv6": partial(is_ip, version=6),
    "mac_str_to_bytes": mac_str_to_bytes,
    "network_hosts": network_hosts,
    "network_size": network_size,
}
