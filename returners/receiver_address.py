"""Which addresses a web receiver may have, and a connection to one that has been checked.

1. Loopback, link-local, clouds' metadata, multicast and the like are the host's own affair: a returner goes there
   only if its options say so (`allow_local`). IPv4 inside of IPv6 counts as what it is.
2. The address that was checked is the one that is connected to: a name that changes meanwhile gains nothing.
3. All of an exchange is over at one deadline, however slowly the other side speaks.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any, Final

from shoal.errors import ReceiverAwayError, TryAgainError

_METADATA: Final = tuple(
    ipaddress.ip_network(text)
    for text in ("fd00:ec2::254/128", "fd20:ce::254/128", "100.100.100.200/32")  # EC2, Google, Alibaba
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_6TO4: Final = ipaddress.ip_network("2002::/16")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_local(text: str) -> bool:
    """Say whether an address belongs to this host, its link, a cloud's metadata or to nobody in particular."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return any(_is_own(form) for form in _forms(address))


def _forms(address: Address) -> list[Address]:
    forms: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        number = int(address)
        if address.ipv4_mapped or address in _NAT64 or 1 < number < 2**32:
            forms.append(ipaddress.IPv4Address(number & 0xFFFFFFFF))
        if address in _6TO4:
            forms.append(ipaddress.IPv4Address(number >> 80 & 0xFFFFFFFF))
    return forms


def _is_own(form: Address) -> bool:
    return (
        form.is_loopback
        or form.is_link_local
        or form.is_multicast
        or form.is_unspecified
        or (form.version == 4 and int(form) >> 24 == 0)
        or any(form in network for network in _METADATA if form.version == network.version)
    )


def connect(host: str, port: int, timeout_s: float, *, allow_local: bool) -> socket.socket:
    """Connect to one of the host's addresses; none is asked when one of them is refused.

    Raises:
        ReceiverAwayError: there is no such name now, or nobody answers.
        TryAgainError: an address is refused.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise ReceiverAwayError(f"{host}: {getattr(error, 'strerror', None) or 'no such name'}") from None
    targets: list[tuple[int, Any]] = [(family, target) for family, _, _, _, target in found]
    for _, target in targets:
        if not allow_local and is_local(str(target[0])):
            raise TryAgainError(
                f"{host} is at {target[0]}, a local address: set allow_local if that is right"
            )
    said = "no address"
    for family, target in targets:
        made = socket.socket(family, socket.SOCK_STREAM)
        made.settimeout(timeout_s / len(targets))  # a silent one must leave time for the others
        try:
            made.connect(target)
            return made
        except OSError as error:
            made.close()
            said = error.strerror or "no answer"
    raise ReceiverAwayError(f"{host} port {port}: {said}")
