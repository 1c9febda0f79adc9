"""Web servers are asked, and the bad ones among them cannot hold a job, fill a box or lead it astray."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.http import place as places
from modules.http import query as asking
from modules.http.address import is_link_local
from modules.http.exchange import Request, redirected
from modules.http.query import QueryOptions, query, wait_for_successful_query
from shoal.errors import ArgumentError, ModuleError

Handler = Callable[[socket.socket, str], None]


class Server:
    """A server of the test's own on a loopback port: what it says is the handler's business alone."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self._handler, self._tls = handler, tls
        self.seen: list[str] = []
        self.stopped = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self.stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._socket.close()

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                connected, _ = self._socket.accept()
            except OSError:
                return
            try:
                with self._tls.wrap_socket(connected, server_side=True) if self._tls else connected as peer:
                    peer.settimeout(5)
                    asked = self._read(peer)
                    self.seen.append(asked)
                    self._handler(peer, asked)
            except OSError:
                connected.close()  # the client left; that is what some tests are about

    @staticmethod
    def _read(peer: socket.socket) -> str:
        data = b""
        while b"\r\n\r\n" not in data:
            more = peer.recv(65536)
            if not more:
                raise OSError
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += peer.recv(65536)
        return (head + b"\r\n\r\n" + body).decode()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(handler: Handler | bytes, tls: ssl.SSLContext | None = None) -> Server:
        fixed = handler
        servers.append(
            Server((lambda peer, _: peer.sendall(fixed)) if isinstance(fixed, bytes) else fixed, tls)
        )
        return servers[-1]

    yield start
    for each in servers:
        each.close()


def reply(body: bytes = b"hello", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(target: str, status: str = "302 Found") -> bytes:
    return reply(b"", status, f"Location: {target}")


def test_body_comes_back(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(reply(b"hello"))
    result = query(ctx, f"{server.url}/a?b=1", options=QueryOptions(params={"c": ["2", "& 3"]}))
    assert (result.value, result.retcode) == ({"body": "hello"}, 0)
    assert server.seen[0].startswith("GET /a?b=1&c=2&c=%26+3 HTTP/1.1\r\nHost: 127.0.0.1:")


def test_only_what_was_wished_for_comes_back(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(
        reply(b'{"a": [1]}', "200 OK", "Content-Type: application/json; charset=utf-8", "X-A: 1", "X-A: 2")
    )
    everything = QueryOptions(status=True, headers=True, text=True, decode=True)
    value = query(ctx, server.url, options=everything).value
    assert value["headers"].pop("x-a") == "1, 2"
    assert value == {
        "status": 200,
        "headers": {"content-length": "10", "content-type": "application/json; charset=utf-8"},
        "text": '{"a": [1]}',
        "dict": {"a": [1]},
    }
    assert query(ctx, server.url, options=QueryOptions(status=True)).value == {"status": 200}


def test_status_of_an_error_fails_and_is_told(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(reply(b"gone", "404 Not Found"))
    result = query(ctx, server.url)
    assert result.retcode == 1
    assert result.value == {"status": 404, "body": "gone", "error": "HTTP 404: Not Found"}


def test_data_is_sent_as_text_form_or_json(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(reply())
    query(ctx, server.url, "POST", QueryOptions(data="as it is"))
    query(ctx, server.url, "post", QueryOptions(data={"a": "1 2"}))
    query(
        ctx, server.url, "PUT", QueryOptions(data={"a": 1}, header_dict={"content-type": "application/json"})
    )
    query(ctx, server.url, "POST")
    bodies = [seen.partition("\r\n\r\n")[2] for seen in server.seen]
    assert bodies[:2] == ["as it is", "a=1+2"]
    assert json.loads(bodies[2]) == {"a": 1}
    assert "Content-Type: application/x-www-form-urlencoded" in server.seen[1]
    assert "Content-Length: 0" in server.seen[3]


def test_login_is_sent_and_in_no_error(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(reply())
    query(ctx, server.url, options=QueryOptions(username="u", password="p:ä"))
    query(ctx, server.url.replace("//", "//u:p@"))
    assert "Authorization: Basic dTpwOsOk" in server.seen[0]
    assert "Authorization: Basic dTpw\r\n" in server.seen[1]
    result = query(ctx, "http://nutzer:geheim@127.0.0.1:1/x?key=geheim")
    assert result.value == {"error": "http://127.0.0.1:1/x: Connection refused"}
    assert result.retcode == 1


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/x",
        "gopher://127.0.0.1/",
        "/etc/passwd",
        "http://",
        "http://a b/",
        "http://host/\r\nX: 1",
        "http://[::1/",
        "http://host:99999/",
    ],
)
def test_address_that_is_not_of_the_web_is_refused(ctx: Context, url: str) -> None:
    with pytest.raises(ArgumentError):
        query(ctx, url)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1",
            "fe80::1%eth0",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
        ),
        *("64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "::169.254.169.254", "100.100.100.200"),
    ],
)
def test_link_local_and_metadata_addresses_are_known(text: str) -> None:
    assert is_link_local(text)


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "10.0.0.1", "169.253.1.1", "::1", "fd00::1", "2001:db8::a9fe:a9fe"]
)
def test_other_addresses_are_not(text: str) -> None:
    assert not is_link_local(text)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "[fe80::1]", "[::ffff:169.254.169.254]"]
)
def test_metadata_address_is_refused_in_every_spelling(ctx: Context, host: str) -> None:
    with pytest.raises(ModuleError, match="a link-local or metadata address; give allow_link_local=true"):
        query(ctx, f"http://{host}/latest/meta-data", options=QueryOptions(timeout=5))


def test_name_that_points_at_the_metadata_is_refused(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, 1, 6, "", (ip, 80)) for ip in ("127.0.0.1", "169.254.169.254")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: answers)
    with pytest.raises(ModuleError, match="is at 169"):
        query(ctx, "http://innocent.example/")


def test_link_local_is_asked_when_that_is_wanted(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_first_that_answers", lambda addresses, _deadline: refuse(addresses))
    result = query(ctx, "http://169.254.169.254/", options=QueryOptions(allow_link_local=True))
    assert result.value == {"error": "http://169.254.169.254/: reached 169.254.169.254"}


def refuse(addresses: Any) -> Any:
    raise OSError(f"reached {addresses[0][1][0]}")


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "http://169.254.169.254/latest", "//169.254.169.254/"],
)
def test_redirect_to_a_refused_place_is_not_followed(
    ctx: Context, serve: Callable[..., Server], target: str
) -> None:
    server = serve(moved(target))
    with pytest.raises(ModuleError, match=r"refused|link-local"):
        query(ctx, server.url)


def test_redirects_are_followed_and_counted(ctx: Context, serve: Callable[..., Server]) -> None:
    def handler(peer: socket.socket, asked: str) -> None:
        number = int(asked.split()[1].strip("/") or 0)
        peer.sendall(moved(f"/{number + 1}") if number < 4 else reply(b"there"))

    server = serve(handler)
    assert query(ctx, server.url).value == {"body": "there"}
    result = query(ctx, server.url, options=QueryOptions(max_redirects=3))
    assert "more than 3 redirects" in result.value["error"]
    assert query(ctx, f"{server.url}/3", options=QueryOptions(max_redirects=0)).retcode == 1


def test_password_and_cookie_do_not_go_to_another_server(ctx: Context, serve: Callable[..., Server]) -> None:
    second = serve(reply(b"there"))
    first = serve(lambda peer, asked: peer.sendall(moved("/b" if " /a " in asked else second.url)))
    headers = {"Cookie": "c", "X-Own": "1"}
    assert query(ctx, f"{first.url}/a", options=QueryOptions(username="u", header_dict=headers)).value == {
        "body": "there"
    }
    assert all("Authorization" in seen and "Cookie" in seen for seen in first.seen)
    assert len(first.seen) == 2
    assert "Authorization" not in second.seen[0]
    assert "Cookie" not in second.seen[0]
    assert "X-Own: 1" in second.seen[0]


@pytest.mark.parametrize(
    ("status", "method", "body"), [(302, "GET", None), (303, "GET", None), (307, "POST", b"x")]
)
def test_redirect_of_a_post_sends_data_again_only_where_it_must(
    status: int, method: str, body: bytes | None
) -> None:
    request = Request(
        method="POST",
        place=places.read("https://a.example/x/y"),
        headers={"Content-Type": "text/plain"},
        body=b"x",
        timeout_s=1,
        max_bytes=1,
        max_redirects=1,
        allow_link_local=False,
        tls=None,
    )
    after = redirected(request, status, "z?q=1")
    assert (after.method, after.body, after.place.path) == (method, body, "/x/z?q=1")
    assert ("Content-Type" in after.headers) == (body is not None)


def endless(start: bytes, chunk: bytes, pause: float = 0.0) -> Callable[[Server], Handler]:
    def make(server: Server) -> Handler:
        def handler(peer: socket.socket, _asked: str) -> None:
            peer.sendall(start)
            while not server.stopped.wait(pause):
                peer.sendall(chunk)

        return handler

    return make


def lively(serve: Callable[..., Server], make: Callable[[Server], Handler]) -> Server:
    holder: list[Server] = []
    holder.append(serve(lambda peer, asked: make(holder[0])(peer, asked)))
    return holder[0]


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 10000),  # no length, no end
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x" * 10000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFF\r\n", b"x" * 10000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", b"x" * 10000),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: 1\r\n" * 1000),
    ],
)
def test_endless_answer_is_given_up_at_its_size(
    ctx: Context, serve: Callable[..., Server], start: bytes, chunk: bytes
) -> None:
    server = lively(serve, endless(start, chunk))
    result = query(ctx, server.url, options=QueryOptions(max_bytes=50_000, timeout=20))
    assert result.retcode == 1
    assert "longer than 50000 bytes" in result.value["error"]


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        (b"", b""),
    ],
)
def test_slow_answer_is_given_up_at_the_time_for_all_of_it(
    ctx: Context, serve: Callable[..., Server], start: bytes, chunk: bytes
) -> None:
    server = lively(serve, endless(start, chunk, pause=0.05))
    result = query(ctx, server.url, options=QueryOptions(timeout=0.2))
    assert "no whole answer within 0.2 seconds" in result.value["error"]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "95 bytes too early"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\nshort", "IncompleteRead"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnope\r\nshort", ""),
        (b"SSH-2.0-OpenSSH\r\n", "SSH-2.0"),
        (b"", "closed connection"),
        (reply(b"x", "200 OK", "Content-Encoding: gzip"), "is packed"),
    ],
)
def test_answer_that_is_broken_is_told(
    ctx: Context, serve: Callable[..., Server], raw: bytes, said: str
) -> None:
    result = query(ctx, serve(raw).url, options=QueryOptions(timeout=5))
    assert result.retcode == 1
    assert said in result.value["error"]


def test_head_has_no_body(ctx: Context, serve: Callable[..., Server]) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
    assert query(ctx, server.url, "HEAD", QueryOptions(status=True)).value == {"status": 200}


@pytest.mark.parametrize(
    "headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "b"}, {"Host": "x"}, {"content-length": "1"}]
)
def test_headers_that_would_smuggle_are_refused(
    ctx: Context, serve: Callable[..., Server], headers: dict[str, str]
) -> None:
    with pytest.raises(ArgumentError, match="http: "):
        query(ctx, serve(reply()).url, options=QueryOptions(header_dict=headers))


def test_method_and_limits_are_checked(ctx: Context) -> None:
    for method, options in (("GET /x", QueryOptions()), ("GET", QueryOptions(timeout=0))):
        with pytest.raises(ArgumentError, match=r"http\.query"):
            query(ctx, "http://127.0.0.1:1/", method, options)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a CA (`ca.pem`), a server's certificate for 127.0.0.1 and a client's, each with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl here")
    folder = tmp_path_factory.mktemp("ca")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    run("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test CA")
    for name in ("server", "client"):
        (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
        run("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = (
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            f"{name}.ext",
        )
        run("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    return folder


def server_tls(ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca / "server.pem", ca / "server.key")
    return context


def test_certificate_is_checked(ctx: Context, serve: Callable[..., Server], ca: Path) -> None:
    server = serve(reply(b"secret"), tls=server_tls(ca))
    bundle = str(ca / "ca.pem")
    assert query(ctx, server.url, options=QueryOptions(ca_bundle=bundle)).value == {"body": "secret"}
    assert query(ctx, server.url, options=QueryOptions(verify_ssl=False)).value == {"body": "secret"}
    unknown = query(ctx, server.url)
    assert "unable to get local issuer certificate" in unknown.value["error"]
    other = query(ctx, server.url.replace("127.0.0.1", "localhost"), options=QueryOptions(ca_bundle=bundle))
    assert "ostname mismatch" in other.value["error"]
    with pytest.raises(ArgumentError, match="ca_bundle or cert cannot be used: No such file"):
        query(ctx, server.url, options=QueryOptions(ca_bundle="/no/such"))


def test_clients_certificate_is_shown(ctx: Context, serve: Callable[..., Server], ca: Path) -> None:
    tls = server_tls(ca)
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(ca / "ca.pem")
    server = serve(reply(b"welcome"), tls=tls)
    files = [str(ca / "client.pem"), str(ca / "client.key")]
    good = QueryOptions(ca_bundle=str(ca / "ca.pem"), cert=files)
    assert query(ctx, server.url, options=good).value == {"body": "welcome"}
    assert query(ctx, server.url, options=QueryOptions(ca_bundle=str(ca / "ca.pem"))).retcode == 1


def test_slow_handshake_is_given_up(ctx: Context) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        result = query(ctx, url, options=QueryOptions(timeout=0.2))
    assert "no whole answer within 0.2 seconds" in result.value["error"]


def test_waiting_ends_with_success_or_the_time(
    ctx: Context, serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(asking, "_pause", pauses.append)
    answers = iter([reply(b"", "503 Not Yet"), reply(b"", "503 Not Yet"), reply(b"up")])
    server = serve(lambda peer, _: peer.sendall(next(answers)))
    assert wait_for_successful_query(ctx, server.url, wait_for=600).value == {"body": "up"}
    assert pauses == [1.0, 1.0]
    failed = wait_for_successful_query(ctx, "http://127.0.0.1:1/", wait_for=0)
    assert failed.retcode == 1
    assert "Connection refused" in failed.value["error"]
    with pytest.raises(ArgumentError, match="only http"):  # waiting would not help
        wait_for_successful_query(ctx, "file:///etc/passwd")


def test_answer_that_cannot_be_decoded_fails_and_keeps_its_text(
    ctx: Context, serve: Callable[..., Server]
) -> None:
    result = query(ctx, serve(reply(b"{")).url, options=QueryOptions(decode=True, decode_type="json"))
    assert (result.retcode, result.value["body"]) == (1, "{")
    assert "no json" in result.value["error"]


def test_words_of_a_command_line_arrive(ask: Callable[[str], Any], serve: Callable[..., Server]) -> None:
    server = serve(reply())
    ask(
        f"http.query {server.url} method=POST data='{{\"a\": 1}}' header_dict='{{Content-Type: application/json}}'"
    )
    assert server.seen[0].endswith('{"a": 1}')
