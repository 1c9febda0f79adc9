"""`webhook`: posts each batch as JSON to a URL, signed, and believes only an answer that says it was taken.

    POST {"returns": [{"jid": …, "id": …, "fun": …, "return": …, …}, …]}
    Idempotency-Key: SHA-256 over the batch's (jid, id), the same when the same batch is sent again
    X-Shoal-Timestamp: epoch seconds
    X-Shoal-Signature: sha256=HMAC-SHA256(secret, timestamp + "." + body), in hex

1. TLS certificates are checked. Redirects are not followed, proxies of the environment not used.
2. Taken is what a 2xx says; with `success_field`, only if that field of the answer's JSON has the right value.
3. 400, 413, 415 and 422 are about the content: refused. All else, a wrong login too, can be put right: tried again.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from returners.contract import Batch, ReturnerOptions
from returners.document import as_json, document
from returners.receiver_address import connect
from returners.secret_text import one_of
from shoal.config.setting import setting
from shoal.errors import ConfigError, RefusedError, TryAgainError
from shoal.secret import Secret
from shoal.version import VERSION

_MAX_ANSWER: Final = 64 * 1024
_ABOUT_CONTENT: Final = (400, 413, 415, 422)
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_OURS: Final = frozenset(
    ("content-type", "content-length", "host", "transfer-encoding", "connection", "idempotency-key",
     "x-shoal-timestamp", "x-shoal-signature")
)  # fmt: skip


def _url(url: Secret) -> Secret:
    text = url.reveal()
    parts = urllib.parse.urlsplit(text)  # ValueError is told as it is
    plain = text.isascii() and text.isprintable() and " " not in text
    if parts.scheme not in ("http", "https") or not parts.hostname or not plain or parts.port == 0:
        raise ValueError("use https://host/path, blanks and the like as %20")
    if parts.username is not None:
        raise ValueError("no login in the URL: put an Authorization header into headers")
    return url


def _headers(headers: dict[str, Secret]) -> dict[str, Secret]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS:
            raise ValueError(f"{name[:40]!r} is no header that may be set")
        if not value.reveal().isprintable() or not value.reveal().isascii():
            raise ValueError(f"the value of {name!r} is not printable ASCII text")
    return headers


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions(ReturnerOptions):
    """The options of `webhook`."""

    url: Secret = setting(
        doc="Where to post; only its host is ever shown, for the path may be a key", check=_url
    )
    secret: Secret = setting(Secret(""), "Key of the signature; without it nothing is signed")
    secret_file: Path | None = setting(None, "File with that key, mode 0600")
    headers: dict[str, Secret] = setting(
        doc="More headers, name to value, e.g. Authorization", factory=dict, check=_headers
    )
    timeout_s: float = setting(10.0, "The whole exchange", low=0.1, high=300)
    ca_file: Path | None = setting(None, "Certificates to believe, instead of the system's")
    allow_local: bool = setting(False, "The receiver may be at a loopback or link-local address")
    success_field: str = setting(
        "", "Field of the answer's JSON that says whether it was taken, dots go deeper"
    )
    success_value: str = setting("0", "What that field then is")

    def __post_init__(self) -> None:
        object.__setattr__(self, "secret", one_of(self.secret, self.secret_file, "secret"))


class WebhookReturner:
    """See the module docstring."""

    Options = WebhookOptions

    def __init__(self, options: WebhookOptions, now: Callable[[], float] = time.time) -> None:
        parts = urllib.parse.urlsplit(options.url.reveal())
        self._options = options
        self._now = now
        self._tls = _tls(options.ca_file) if parts.scheme == "https" else None
        self._host = str(parts.hostname)
        self._port = parts.port or (443 if self._tls else 80)
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._shown = f"{parts.scheme}://{parts.netloc}"

    def deliver(self, batch: Batch) -> None:
        """Post the batch. Raises ReceiverAwayError, TryAgainError, RefusedError."""
        # One by one: json holds the interpreter, and so the master's loop, for as long as one call takes.
        body = f'{{"returns":[{",".join(as_json(document(copy)) for copy in batch)}]}}'.encode()
        names = "\n".join(f"{copy.jid} {copy.minion}" for copy in batch)
        self._post(body, hashlib.sha256(names.encode()).hexdigest())

    def check(self) -> None:
        """Post a batch without returns. Raises as `deliver`."""
        self._post(b'{"returns":[]}', hashlib.sha256(b"").hexdigest())

    def _post(self, body: bytes, key: str) -> None:
        link, late = self._connected(), threading.Event()
        watchdog = threading.Timer(self._options.timeout_s, _cut, (link, late))
        watchdog.daemon = True
        watchdog.start()
        try:
            status, answer = self._exchange(link, body, self._made_headers(body, key))
        except ssl.SSLCertVerificationError as error:
            said = f"its certificate is not believed: {error.verify_message}"
            raise TryAgainError(f"{self._shown}: {said}") from None
        except (OSError, http.client.HTTPException) as error:
            said = (
                "no whole answer in time"
                if late.is_set() or isinstance(error, TimeoutError)
                else _kind(error)
            )
            raise TryAgainError(f"{self._shown}: {said}") from None
        finally:
            watchdog.cancel()
            link.close()
        if late.is_set():  # to who reads, a connection that was cut looks like the end of the answer
            raise TryAgainError(f"{self._shown}: no whole answer in time")
        self._judge(status, answer)

    def _connected(self) -> socket.socket:
        """Return a connection; TLS on it begins with the exchange, within the same time."""
        timeout_s = self._options.timeout_s
        link = connect(self._host, self._port, timeout_s, allow_local=self._options.allow_local)
        link.settimeout(timeout_s)
        if self._tls is None:
            return link
        return self._tls.wrap_socket(link, server_hostname=self._host, do_handshake_on_connect=False)

    def _exchange(self, link: socket.socket, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        if isinstance(link, ssl.SSLSocket):
            link.do_handshake()
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = link
        connection.request("POST", self._target, body, headers)
        response = connection.getresponse()
        return response.status, response.read(_MAX_ANSWER)

    def _made_headers(self, body: bytes, key: str) -> dict[str, str]:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"shoal/{VERSION}",
            "Idempotency-Key": key,
            "X-Shoal-Timestamp": str(int(self._now())),
            "Connection": "close",
        }
        if self._options.secret:
            signed = headers["X-Shoal-Timestamp"].encode() + b"." + body
            made = hmac.new(self._options.secret.reveal().encode(), signed, hashlib.sha256).hexdigest()
            headers["X-Shoal-Signature"] = f"sha256={made}"
        return headers | {name: value.reveal() for name, value in self._options.headers.items()}

    def _judge(self, status: int, answer: bytes) -> None:
        if status in _ABOUT_CONTENT:
            raise RefusedError(f"{self._shown} answered {status}")
        if 300 <= status < 400:
            raise TryAgainError(
                f"{self._shown} answered {status}: redirects are not followed; set the url to where it leads"
            )
        if not 200 <= status < 300:
            raise TryAgainError(f"{self._shown} answered {status}")
        wanted = self._options.success_field
        if wanted and _field(answer, wanted) != self._options.success_value:
            raise TryAgainError(
                f"{self._shown} answered {status}, but {wanted} is not {self._options.success_value}"
            )


def _cut(link: socket.socket, late: threading.Event) -> None:
    """End an exchange that takes too long, in whatever call it is."""
    late.set()
    try:
        socket.socket.shutdown(link, socket.SHUT_RDWR)  # not TLS's own, which would go on in plain text
    except OSError:
        pass  # it has ended by itself meanwhile


def _kind(error: Exception) -> str:
    return f"the exchange broke ({type(error).__name__})"


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"'ca_file': {ca_file} cannot be used: {error.strerror or 'no certificates'}"
        ) from None


def _field(answer: bytes, name: str) -> str | None:
    """Return a field of a JSON document as text, None if there is none."""
    try:
        value: Any = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    for part in name.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value if isinstance(value, str) else json.dumps(value)
