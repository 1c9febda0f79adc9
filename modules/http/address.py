"""Which addresses are the network's or the cloud's own, where no job should go by accident. Pure."""

from __future__ import annotations

import ipaddress
from typing import Final

_OWN: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "fe80::/10",
        "fd00:ec2::254/128",  # metadata of EC2
        "fd20:ce::254/128",  # of Google
        "100.100.100.200/32",  # of Alibaba
    )
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_6TO4: Final = ipaddress.ip_network("2002::/16")


def is_link_local(text: str) -> bool:
    """Say whether an address is link-local or a cloud's metadata, also when it is IPv4 inside of IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    forms: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        number = int(address)
        if address.ipv4_mapped or address in _NAT64 or number >> 32 == 0:
            forms.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
        if address in _6TO4:
            forms.append(ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF))
    return any(form in network for form in forms for network in _OWN if form.version == network.version)
