"""The functions: ask once, or until it works."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from modules.context import Context
from modules.http import decode as decoding
from modules.http import place as places
from modules.http.exchange import Answer, NoAnswer, Request, body_of, headers_of, send
from modules.result import Result
from modules.shell import MAX_OUTPUT_BYTES
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_pause = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryOptions:
    """What both functions take beside the URL. Spellings are Salt's."""

    params: dict[str, Any] = field(default_factory=dict)  # added to the URL's query
    data: str | dict[str, Any] | None = None  # a map is sent as a form, or as JSON by its Content-Type
    header_dict: dict[str, Any] = field(default_factory=dict)
    username: str = ""
    password: str = ""
    status: bool = False  # say the status
    headers: bool = False  # say the headers
    text: bool = False  # say the text, also when it is decoded
    decode: bool = False  # make a value of the text
    decode_type: decoding.Kind = "auto"  # by the answer's Content-Type
    timeout: float = 30.0  # seconds for all of it, redirects too
    max_bytes: int = MAX_OUTPUT_BYTES  # of the answer's body
    max_redirects: int = 5
    verify_ssl: bool = True
    ca_bundle: str = ""  # "" = the box's
    cert: str | list[str] = ""  # a certificate with its key, or both files
    allow_link_local: bool = False


_DEFAULTS: Final = QueryOptions()


@function
def query(ctx: Context, url: str, method: str = "GET", options: QueryOptions = _DEFAULTS) -> Result:
    """Ask a web server and return its `body`, or what was wished for: `status`, `headers`, `text`, `dict`.

    A status of 400 and above, and no answer at all, are told as `error` and make the call fail. Where the
    request must not go, nothing is sent and the call is refused. Proxies are not used.

    CLI Example:

        shoal '*' http.query http://127.0.0.1:8080/health status=true
        shoal '*' http.query https://example.com/api method=POST data='{"a": 1}' decode=true
        shoal '*' http.query https://example.com/x header_dict='{"Accept": "text/plain"}' timeout=5
    """
    request = request_of(url, method, options)
    try:
        answer = send(request)
    except NoAnswer as error:
        return Result({"error": str(error)}, retcode=1)
    value = _told(answer, options)
    return Result(value, retcode=1 if "error" in value else 0)


@function
def wait_for_successful_query(
    ctx: Context,
    url: str,
    wait_for: float = 300.0,
    request_interval: float = 1.0,
    method: str = "GET",
    options: QueryOptions = _DEFAULTS,
) -> Result:
    """Ask a web server again and again until it answers well, at most for so many seconds.

    What comes back is what `http.query` tells of the last attempt.

    CLI Example:

        shoal '*' http.wait_for_successful_query http://127.0.0.1:8080/health wait_for=60
    """
    if request_interval < 0.1:
        raise ArgumentError("http.wait_for_successful_query: request_interval is at least 0.1 seconds")
    deadline = time.monotonic() + wait_for
    while True:
        result = query(ctx, url, method, options)
        if result.retcode == 0 or time.monotonic() + request_interval > deadline:
            return result
        _pause(request_interval)


def request_of(url: str, method: str, options: QueryOptions) -> Request:
    """Return what to ask. Raises ArgumentError."""
    if not re.fullmatch("[A-Za-z]{1,20}", method):
        raise ArgumentError(f"http.query: {method!r} is no method; GET, POST and so on are")
    if options.timeout <= 0 or options.max_bytes < 0 or options.max_redirects < 0:
        raise ArgumentError("http.query: timeout must be above 0, max_bytes and max_redirects not below")
    place = places.read(url, options.params)
    headers = headers_of(options.header_dict, place, options.username, options.password)
    body = body_of(options.data, headers)
    if body is None and method.upper() in ("POST", "PUT", "PATCH"):
        body = b""
    return Request(
        method=method.upper(),
        place=place,
        headers=headers,
        body=body,
        timeout_s=options.timeout,
        max_bytes=options.max_bytes,
        max_redirects=options.max_redirects,
        allow_link_local=options.allow_link_local,
        tls=partial(_tls, options),
    )


def _told(answer: Answer, options: QueryOptions) -> dict[str, Any]:
    """Return what was wished for; without any wish the text as `body`."""
    text = answer.body.decode(_charset(answer), "backslashreplace")
    value: dict[str, Any] = {}
    if options.status:
        value["status"] = answer.status
    if options.headers:
        value["headers"] = answer.headers
    if options.text:
        value["text"] = text
    if answer.status >= 400:
        said = f"HTTP {answer.status}: {answer.reason}".rstrip(": ")
        return {**value, "status": answer.status, "body": text, "error": said}
    if options.decode:
        kind = options.decode_type
        kind = decoding.kind_of(answer.headers.get("content-type", "")) if kind == "auto" else kind
        try:
            value["text" if kind == "plain" else "dict"] = decoding.decode(text, kind)
        except ModuleError as error:
            return {**value, "body": text, "error": str(error)}
    return value or {"body": text}


def _charset(answer: Answer) -> str:
    """Return the text encoding that the answer names if it is one of the two that are common, else UTF-8."""
    named = re.search(
        r"charset=\"?(iso-8859-1|latin-?1)\b", answer.headers.get("content-type", ""), re.IGNORECASE
    )
    return "latin-1" if named else "utf-8"


def _tls(options: QueryOptions) -> Any:
    import ssl  # only for https

    try:
        context = ssl.create_default_context(cafile=options.ca_bundle or None)
        if options.cert:
            files = [options.cert] if isinstance(options.cert, str) else options.cert
            context.load_cert_chain(files[0], files[1] if len(files) > 1 else None, password=lambda: "")
    except (OSError, ValueError) as error:  # an ssl.SSLError is an OSError
        raise ArgumentError(f"http.query: ca_bundle or cert cannot be used: {_one_line(error)}") from None
    if not options.verify_ssl:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _one_line(error: Exception) -> str:
    return " ".join(str(getattr(error, "strerror", None) or error).split())[:120]
