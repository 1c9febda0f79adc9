"""Sends one request and follows its redirects, until the answer is there or the time is over."""

from __future__ import annotations

import base64
import json
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from modules.http import place as places
from modules.http.place import Place
from modules.http.timed import Overflow, TimedSocket
from shoal.errors import ArgumentError, ModuleError

_FOUND: Final = 200
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD: Final = frozenset({307, 308})
_PRIVATE: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_HEADER_BYTES: Final = 256 * 1024
_CHUNK: Final = 65536


class NoAnswer(ModuleError):
    """The server is away, too slow, or says what cannot be read; the next attempt may do better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask."""

    method: str
    place: Place
    headers: Mapping[str, str]
    body: bytes | None
    timeout_s: float
    max_bytes: int
    max_redirects: int
    allow_link_local: bool
    tls: Any  # a function that makes an SSLContext when one is needed
    sink: Callable[[bytes], object] | None = (
        None  # takes the body of an answer 200, piece by piece, instead of `Answer`
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    reason: str
    headers: dict[str, str]  # lower case names; several of one name are joined
    body: bytes
    place: Place  # where it came from in the end


def send(request: Request) -> Answer:
    """Ask and return the last answer. Raises NoAnswer: none, too much, too late; ModuleError: a refused place."""
    deadline = time.monotonic() + request.timeout_s
    for _ in range(request.max_redirects + 1):
        answer = _once(request, deadline)
        target = answer.headers.get("location", "")
        if answer.status not in _REDIRECTS or not target:
            return answer
        request = redirected(request, answer.status, target)
    raise NoAnswer(f"{request.place.shown}: more than {request.max_redirects} redirects")


def redirected(request: Request, status: int, target: str) -> Request:
    """Return the request that a redirect asks for. Raises ModuleError when it must not be made."""
    here = request.place
    try:
        there = places.read(urllib.parse.urljoin(f"{here.scheme}://{here.netloc}{here.path}", target))
    except (ArgumentError, ValueError) as error:
        raise ModuleError(f"{here.shown} redirects to a place that is refused: {error}") from None
    headers = dict(request.headers)
    if there.origin != here.origin:
        headers = {name: value for name, value in headers.items() if name.lower() not in _PRIVATE}
    method, body = request.method, request.body
    if status not in _SAME_METHOD and method not in ("GET", "HEAD"):
        method, body = "GET", None
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
    return replace(request, method=method, body=body, headers=headers, place=there)


def _once(request: Request, deadline: float) -> Answer:
    import http.client  # with email and ssl 3 MB that only this module needs

    place = request.place
    tls = request.tls() if place.scheme == "https" else None
    try:
        with places.connect(place, deadline, allow_link_local=request.allow_link_local, tls=tls) as connected:
            client = http.client.HTTPConnection(place.host, place.port)
            # The limit also holds when a chunk claims a size below zero, which http.client would read to the end.
            client.sock = TimedSocket(connected, deadline, 2 * request.max_bytes + _HEADER_BYTES)
            _write(client, request)
            return _read(client.getresponse(), request)
    except Overflow:
        raise _too_much(request) from None
    except TimeoutError:
        raise NoAnswer(f"{place.shown}: no whole answer within {request.timeout_s:g} seconds") from None
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{place.shown}: {_why(error)}") from None


def _write(client: Any, request: Request) -> None:
    place = request.place
    try:
        client.putrequest(request.method, place.path, skip_host=True, skip_accept_encoding=True)
        client.putheader("Host", place.netloc)
        for name, value in request.headers.items():
            client.putheader(name, value)
        client.putheader("Accept-Encoding", "identity")
        client.putheader("Connection", "close")
        if request.body is not None:
            client.putheader("Content-Length", str(len(request.body)))
    except ValueError:  # not the header's value: it may be a key
        raise ArgumentError("http: a header, or the path, holds characters that cannot be there") from None
    client.endheaders(request.body)


def _read(response: Any, request: Request) -> Answer:
    parts: list[bytes] = []
    total = 0
    take = request.sink if request.sink is not None and response.status == _FOUND else parts.append
    while data := response.read(min(_CHUNK, request.max_bytes - total + 1)):
        total += len(data)
        if total > request.max_bytes:
            raise _too_much(request)
        take(data)
    if response.length:  # read in pieces, http.client does not tell that the body is short
        raise NoAnswer(f"{request.place.shown}: the answer ended {response.length} bytes too early")
    headers: dict[str, str] = {}
    for raw, value in response.getheaders():
        name = raw.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if headers.get("content-encoding", "identity") != "identity":
        raise NoAnswer(f"{request.place.shown}: the answer is packed, although that was not asked for")
    return Answer(
        status=response.status,
        reason=response.reason or "",
        headers=headers,
        body=b"".join(parts),
        place=request.place,
    )


def headers_of(given: Mapping[str, Any], place: Place, username: str, password: str) -> dict[str, str]:
    """Return the request's headers, the login among them. Raises ArgumentError for those that are ours."""
    headers = {"User-Agent": "shoal", "Accept": "*/*"}
    for name, value in given.items():
        if name.lower() in _OURS:
            raise ArgumentError(f"http: the header {name} is set by what is sent, not by hand")
        headers = {each: text for each, text in headers.items() if each.lower() != name.lower()}
        headers[name] = str(value)
    username, password = username or place.username, password or place.password
    if username:
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    return headers


def body_of(data: str | dict[str, Any] | None, headers: dict[str, str]) -> bytes | None:
    """Return what to send: text as it is, a map as a form, or as JSON when the headers say so."""
    if data is None:
        return None
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if isinstance(data, str):
        return data.encode("utf-8", "surrogateescape")
    if "json" in kind:
        return json.dumps(data).encode()
    if not kind:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    return urllib.parse.urlencode(data, doseq=True).encode()


def _too_much(request: Request) -> NoAnswer:
    return NoAnswer(
        f"{request.place.shown}: the answer is longer than {request.max_bytes} bytes; see max_bytes"
    )


def _why(error: Exception) -> str:
    said = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return " ".join(str(said or type(error).__name__).split())[:150]
