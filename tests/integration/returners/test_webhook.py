"""`webhook` over a real web service: what is signed, what counts as taken, and what a hostile receiver can do."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from returners.webhook import WebhookOptions, WebhookReturner
from shoal.errors import ReceiverAwayError, RefusedError, ReturnerError, TryAgainError
from shoal.secret import Secret
from tests.contracts.returners.samples import copy
from tests.fleet import free_ports
from tests.web_receiver import WebReceiver, web_receiver

NOW = 1_800_000_000.0


@pytest.fixture
def web() -> Iterator[WebReceiver]:
    with web_receiver() as receiver:
        yield receiver


def returner(url: str, **options: Any) -> WebhookReturner:
    known = {"type": "webhook", "url": Secret(url), "allow_local": True}
    return WebhookReturner(WebhookOptions(**{**known, **options}), now=lambda: NOW)


def test_body_and_time_are_signed(web: WebReceiver) -> None:
    returner(web.url, secret=Secret("s3cret-key")).deliver((copy(),))
    posted = web.posted[0]
    assert posted.headers["x-shoal-timestamp"] == "1800000000"
    made = hmac.new(b"s3cret-key", b"1800000000." + posted.body, hashlib.sha256).hexdigest()
    assert posted.headers["x-shoal-signature"] == f"sha256={made}"


def test_nothing_is_signed_without_a_secret(web: WebReceiver) -> None:
    returner(web.url).deliver((copy(),))
    assert "x-shoal-signature" not in web.posted[0].headers


def test_same_batch_has_the_same_idempotency_key(web: WebReceiver) -> None:
    made = returner(web.url)
    for batch in ((copy("a"), copy("b")), (copy("a"), copy("b")), (copy("a"),)):
        made.deliver(batch)
    keys = [posted.headers["idempotency-key"] for posted in web.posted]
    assert keys[0] == keys[1] != keys[2]


def test_headers_of_the_operator_and_query_are_sent(web: WebReceiver) -> None:
    returner(f"{web.url}?a=b%20c", headers={"Authorization": Secret("Bearer 1234567")}).deliver((copy(),))
    assert web.posted[0].headers["authorization"] == "Bearer 1234567"
    assert web.posted[0].path == "/take?a=b%20c"


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_what_is_wrong_with_the_content_is_refused(web: WebReceiver, status: int) -> None:
    web.status = status
    with pytest.raises(RefusedError, match=f"answered {status}"):
        returner(web.url).deliver((copy(),))


@pytest.mark.parametrize("status", [401, 403, 404, 408, 429, 500, 503])
def test_what_can_be_put_right_is_tried_again(web: WebReceiver, status: int) -> None:
    web.status = status
    with pytest.raises(TryAgainError, match=f"answered {status}"):
        returner(web.url).deliver((copy(),))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(web: WebReceiver, status: int) -> None:
    with web_receiver() as other:
        web.status, web.headers = status, {"Location": other.url}
        with pytest.raises(TryAgainError, match="redirects are not followed"):
            returner(web.url).deliver((copy(),))
        assert other.posted == []


@pytest.mark.parametrize(
    ("answer", "taken"),
    [
        (b'{"errcode": 0}', True), (b'{"errcode": "0"}', True), (b'{"errcode": 310000}', False), (b"{}", False),
        (b"<html>", False), (b"[0]", False), (b"[" * 60_000, False), (b'{"errcode": {"x": 0}}', False),
    ],
    ids=["number", "text", "other", "missing", "html", "list", "deep", "map"],
)  # fmt: skip
def test_success_is_what_the_body_says(web: WebReceiver, answer: bytes, taken: bool) -> None:
    web.answer = answer
    made = returner(web.url, success_field="errcode")
    if taken:
        made.deliver((copy(),))
        return
    with pytest.raises(TryAgainError, match="answered 200, but errcode is not 0"):
        made.deliver((copy(),))


def test_field_of_the_body_may_lie_deeper(web: WebReceiver) -> None:
    web.answer = b'{"result": {"ok": true}}'
    returner(web.url, success_field="result.ok", success_value="true").deliver((copy(),))


def test_local_receiver_is_refused_unless_it_is_allowed(web: WebReceiver) -> None:
    with pytest.raises(
        TryAgainError, match=r"127\.0\.0\.1, a local address: set allow_local if that is right"
    ):
        returner(web.url, allow_local=False).deliver((copy(),))
    assert web.posted == []


def test_name_that_changes_after_the_check_gains_nothing(
    web: WebReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def answers(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(ReturnerError):
        returner(web.url.replace("127.0.0.1", "rebind.test"), allow_local=False, timeout_s=0.2).deliver(
            (copy(),)
        )
    assert (asked, web.posted) == (["rebind.test"], [])


def test_nobody_there_is_a_receiver_that_is_away() -> None:
    port = free_ports(1)[0]
    with pytest.raises(ReceiverAwayError, match=f"^127.0.0.1 port {port}: Connection refused$"):
        returner(f"http://127.0.0.1:{port}/").deliver((copy(),))


def test_receiver_that_does_not_answer_is_given_up(web: WebReceiver) -> None:
    web.go_on.clear()
    with pytest.raises(TryAgainError, match="no whole answer in time"):
        returner(web.url, timeout_s=0.2).deliver((copy(),))


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_receiver_that_speaks_slowly_for_ever_is_given_up(start: bytes) -> None:
    with dripping(start) as port, pytest.raises(TryAgainError, match="no whole answer in time"):
        returner(f"http://127.0.0.1:{port}/", timeout_s=0.3).deliver((copy(),))


@pytest.mark.parametrize("noise", [b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, b""])
def test_what_is_no_web_service_is_said(noise: bytes) -> None:
    with speaking(noise) as port, pytest.raises(TryAgainError, match=r"the exchange broke \(\w+\)$"):
        returner(f"http://127.0.0.1:{port}/").deliver((copy(),))


def test_secrets_are_in_no_error(web: WebReceiver) -> None:
    web.status, web.answer = 500, b"you said key-in-path and key-in-query"
    url = web.url.replace("/take", "/key-in-path?token=key-in-query")
    with pytest.raises(TryAgainError) as said:
        returner(url, secret=Secret("key-of-hmac")).deliver((copy(),))
    assert str(said.value) == f"http://127.0.0.1:{web.port} answered 500"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost, and its key in the same file."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "3650", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", str(path), "-out", f"{path}.crt"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def secure(certificate: Path) -> Iterator[WebReceiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with web_receiver(tls=context) as receiver:
        yield receiver


def test_certificate_that_is_believed(secure: WebReceiver, certificate: Path) -> None:
    ca_file = Path(f"{certificate}.crt")
    returner(f"https://localhost:{secure.port}/", ca_file=ca_file, secret=Secret("k" * 20)).deliver((copy(),))
    assert json.loads(secure.posted[0].body)["returns"][0]["id"] == "web1"


def test_certificate_that_is_not_believed(secure: WebReceiver) -> None:
    with pytest.raises(TryAgainError, match=r"its certificate is not believed: self.signed"):
        returner(f"https://localhost:{secure.port}/").deliver((copy(),))
    assert secure.posted == []


def test_certificate_of_another_name_is_not_believed(secure: WebReceiver, certificate: Path) -> None:
    with pytest.raises(TryAgainError, match="its certificate is not believed: IP address mismatch"):
        returner(f"https://127.0.0.1:{secure.port}/", ca_file=Path(f"{certificate}.crt")).deliver((copy(),))
    assert secure.posted == []


def test_handshake_that_never_ends_is_given_up() -> None:
    with (
        dripping(b"\x16\x03\x03\x40\x00") as port,
        pytest.raises(TryAgainError, match="no whole answer in time"),
    ):
        returner(f"https://localhost:{port}/", timeout_s=0.3).deliver((copy(),))


class speaking:  # noqa: N801 - used as a function is
    """A server that says `text` to whoever connects and hangs up; its port."""

    def __init__(self, text: bytes, drip: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._text = text
        self._drip = drip
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        try:
            accepted, _ = self._listener.accept()
            with accepted:
                accepted.sendall(self._text)
                while self._drip and not self._over.wait(0.02):
                    accepted.sendall(b"a")
                accepted.shutdown(socket.SHUT_WR)
                while accepted.recv(65536):
                    pass
        except OSError:
            pass  # the other side has hung up

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listener.close()
        self._thread.join(5)


def dripping(start: bytes) -> speaking:
    """Return a server that says `start`, then a byte now and again for ever."""
    return speaking(start, drip=True)
