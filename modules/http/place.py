"""Where a request goes: reads a URL, and connects to an address that has been checked."""

from __future__ import annotations

import re
import socket
import urllib.parse
from dataclasses import dataclass
from typing import Any, Final

from modules.http.address import is_link_local
from modules.http.timed import remaining
from shoal.errors import ArgumentError, ModuleError

_PORTS: Final = {"http": 80, "https": 443}
_MAX_URL: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A URL, taken apart."""

    scheme: str
    host: str  # as in a certificate: lower case, no brackets
    port: int
    path: str  # with the query
    username: str = ""
    password: str = ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be the same for a password to be sent again."""
        return self.scheme, self.host, self.port

    @property
    def netloc(self) -> str:
        """Host and port, for the header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The URL for a message: no login and no query, which may hold a key."""
        return f"{self.scheme}://{self.netloc}{self.path.partition('?')[0]}"[:200]


def read(url: str, params: dict[str, Any] | None = None) -> Place:
    """Take `url` apart, `params` added to its query. Raises ArgumentError for what is no web address."""
    if len(url) > _MAX_URL or re.search(r"[\x00-\x20\x7f]", url):
        raise ArgumentError(
            "the URL has blanks or control characters, or is too long; quote them as %20 and so on"
        )
    try:
        parts = urllib.parse.urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError as error:
        raise ArgumentError(f"the URL cannot be read: {error}") from None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS:
        raise ArgumentError(f"{scheme or 'no scheme'}: only http:// and https:// are asked")
    if not host:
        raise ArgumentError("the URL names no host")
    query = "&".join(filter(None, (parts.query, urllib.parse.urlencode(params or {}, doseq=True))))
    path = urllib.parse.quote(parts.path or "/", safe="/%:=&?~#+!$,;'@()*[]")
    return Place(
        scheme=scheme,
        host=host,
        port=port or _PORTS[scheme],
        path=f"{path}?{query}" if query else path,
        username=urllib.parse.unquote(parts.username or ""),
        password=urllib.parse.unquote(parts.password or ""),
    )


def connect(place: Place, deadline: float, *, allow_link_local: bool, tls: Any = None) -> socket.socket:
    """Connect to one of the host's addresses; none is asked when one of them is refused.

    Raises ModuleError for a refused address, OSError when none answers, TimeoutError. `tls` is an SSLContext.
    """
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        said = getattr(error, "strerror", None) or "no such name"
        raise OSError(f"{place.host}: {said}") from None
    addresses: list[tuple[int, Any]] = [(family, target) for family, _, _, _, target in found]
    for _, target in addresses:
        if not allow_link_local and is_link_local(str(target[0])):
            raise ModuleError(
                f"{place.shown} is at {target[0]}, a link-local or metadata address; "
                "give allow_link_local=true if that is right"
            )
    connected = _first_that_answers(addresses, deadline)
    if tls is None:
        return connected
    try:
        connected.settimeout(remaining(deadline))
        wrapped: socket.socket = tls.wrap_socket(connected, server_hostname=place.host)
        return wrapped
    except BaseException:
        connected.close()
        raise


def _first_that_answers(addresses: list[tuple[int, Any]], deadline: float) -> socket.socket:
    failed: OSError = OSError("the name has no address")
    for number, (family, target) in enumerate(addresses):
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            share = remaining(deadline) / (
                len(addresses) - number
            )  # a silent one must leave time for the others
            made.settimeout(share)
            made.connect(target)
            return made
        except OSError as error:
            made.close()
            failed = error
    raise failed
