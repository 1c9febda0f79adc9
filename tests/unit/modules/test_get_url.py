"""`cp.get_url`: hostile servers get nothing onto the box, and leave nothing there (attack list 19)."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modules.context import Context
from modules.cp.source_hash import SourceHash
from modules.cp.url import UrlOptions, get_url
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.test_http import Server

BODY = b"what was asked for\n"
SHA = hashlib.sha256(BODY).hexdigest()
Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[Server] = []

    def start(*answers: bytes, stays: bool = False) -> Server:
        """Serve these, one a request, the last one on and on; `stays`: and keep the connection without a word."""
        left = list(answers)

        def handle(peer: socket.socket, asked: str) -> None:
            peer.sendall(left.pop(0) if len(left) > 1 else left[0])
            if stays:
                servers[-1].stopped.wait(10)

        servers.append(Server(handle))
        return servers[-1]

    yield start
    for each in servers:
        each.close()


def answer(body: bytes = BODY, status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(to: str) -> bytes:
    return answer(b"from the redirect", "302 Found", Location=to)


def nothing_but(folder: Path, *names: str) -> bool:
    return sorted(each.name for each in folder.iterdir()) == sorted(names)


def test_file_comes_whole_with_its_check_sum(ctx: Context, serve: Serve, tmp_path: Path) -> None:
    server, target = serve(answer()), tmp_path / "x"
    for wanted in ("", SHA, f"sha256={SHA.upper()}", f"sha512:{hashlib.sha512(BODY).hexdigest()}",
                   f"blake2b={hashlib.blake2b(BODY, digest_size=32).hexdigest()}"):  # fmt: skip
        target.unlink(missing_ok=True)
        assert get_url(ctx, f"{server.url}/a", str(target), options=UrlOptions(source_hash=wanted)) == str(
            target
        )
        assert target.read_bytes() == BODY
    assert nothing_but(tmp_path, "x")


def test_without_dest_the_text_is_returned(ctx: Context, serve: Serve) -> None:
    server = serve(answer())
    for dest in ("", None):
        assert get_url(ctx, f"{server.url}/a", dest) == BODY.decode()


def test_text_that_is_too_long_is_not_returned(ctx: Context, serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="longer than"):
        get_url(ctx, serve(answer(bytes(2 * 1024 * 1024))).url)
    (tmp_path / "large").write_bytes(bytes(2 * 1024 * 1024))
    with pytest.raises(ModuleError, match="too many to return"):
        get_url(ctx, str(tmp_path / "large"))


def test_folder_takes_it_under_the_last_part_of_what_was_asked(
    ctx: Context, serve: Serve, tmp_path: Path
) -> None:
    server = serve(redirect("/other/name"), answer(Content_Disposition='attachment; filename="../../evil"'))
    assert get_url(ctx, f"{server.url}/a/app.conf?v=1/2#3", str(tmp_path)) == str(tmp_path / "app.conf")
    assert (tmp_path / "app.conf").read_bytes() == BODY, "and nothing of what came with the redirect"
    assert nothing_but(tmp_path, "app.conf")


def test_file_that_is_there_keeps_its_mode(ctx: Context, serve: Serve, tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.write_text("old")
    target.chmod(0o640)
    get_url(ctx, serve(answer()).url, str(target))
    assert (target.read_bytes(), stat.S_IMODE(target.stat().st_mode)) == (BODY, 0o640)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (redirect("file:///etc/passwd"), "only http:// and https://"),
        (redirect("ftp://127.0.0.1/x"), "only http:// and https://"),
        (redirect("http://169.254.169.254/latest"), "link-local"),
        (redirect("/again"), "redirects"),
        (answer(b"no", "404 Not Found"), "HTTP 404"),
        (answer(b"", "204 No Content"), "HTTP 204"),
        (answer(b"part", "206 Partial Content"), "HTTP 206"),
        (answer()[:-1], "too early"),
        (answer(bytes(200_000)), "longer than"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + bytes(200_000), "longer than"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + bytes(400_000), "127.0.0.1"),
        (answer(Content_Encoding="gzip"), "packed"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000, "127.0.0.1"),
        (b"\0\1\2\3", "127.0.0.1"),
        (b"", "127.0.0.1"),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_hostile_answer_leaves_nothing(
    ctx: Context, serve: Serve, tmp_path: Path, said: bytes, why: str
) -> None:
    options = UrlOptions(timeout=5, max_bytes=100_000, makedirs=True)
    with pytest.raises(ModuleError, match=why):
        get_url(ctx, serve(said).url, str(tmp_path / "x"), options=options)
    assert nothing_but(tmp_path)


@pytest.mark.parametrize(
    "said", [answer()[:-5], b"HTTP/1.1 200 OK\r\n", b""], ids=["body", "head", "nothing"]
)
def test_server_that_never_ends_is_given_up(ctx: Context, serve: Serve, tmp_path: Path, said: bytes) -> None:
    server = serve(said or b"", stays=True)
    with pytest.raises(ModuleError, match=r"within 0\.2 seconds"):
        get_url(ctx, server.url, str(tmp_path / "x"), options=UrlOptions(timeout=0.2))
    assert nothing_but(tmp_path)
    server.stopped.set()


def test_wrong_check_sum_leaves_what_was_there(
    ctx: Context, serve: Serve, roots: Path, tmp_path: Path
) -> None:
    target, wrong = tmp_path / "x", UrlOptions(source_hash=f"sha256={'0' * 64}")
    target.write_text("old")
    for source in (serve(answer()).url, "shoal://top.sls", str(roots / "top.sls")):
        for dest in (str(target), ""):
            with pytest.raises(ModuleError, match="source_hash says"):
                get_url(ctx, source, dest, options=wrong)
    assert target.read_text() == "old"
    assert nothing_but(tmp_path, "x")


def test_file_is_private_until_it_is_whole(ctx: Context, serve: Serve, tmp_path: Path) -> None:
    seen: list[int] = []

    def handle(peer: socket.socket, asked: str) -> None:
        peer.sendall(answer(bytes(300_000))[:200_000])
        while not seen:  # it is made when the first bytes have come
            seen.extend(each.stat().st_mode & 0o777 for each in tmp_path.iterdir())
        peer.sendall(answer(bytes(300_000))[200_000:])

    server = Server(handle)
    try:
        get_url(ctx, server.url, str(tmp_path / "x"))
    finally:
        server.close()
    assert seen == [0o600]


@pytest.mark.parametrize(
    "path",
    ["file:///etc/passwd", "FILE:///etc/passwd", "ftp://h/x", "etc/passwd", "", "gopher://h/", "https//h"],
)
def test_other_kinds_of_address_are_refused(ctx: Context, tmp_path: Path, path: str) -> None:
    with pytest.raises(ArgumentError):
        get_url(ctx, path, str(tmp_path / "x"))
    assert nothing_but(tmp_path)


@pytest.mark.parametrize("path", ["/", "/a/", "/a/..", "/..", "/%2e%2e/..", "/a\\..\\b", ""])
def test_address_without_a_files_name_is_not_put_into_a_folder(
    ctx: Context, serve: Serve, tmp_path: Path, path: str
) -> None:
    (tmp_path / "in").mkdir()
    server = serve(answer())
    with pytest.raises(ModuleError):
        get_url(ctx, server.url + path, str(tmp_path / "in"))
    assert nothing_but(tmp_path, "in")
    assert server.seen == []


def test_target_that_is_no_plain_file_is_refused(ctx: Context, serve: Serve, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for name in ("pipe", "link", "none/x"):
        for source in (serve(answer()).url, "shoal://top.sls", "/etc/hostname"):
            with pytest.raises(ModuleError):
                get_url(ctx, source, str(tmp_path / name))
    assert nothing_but(tmp_path, "pipe", "link")
    with pytest.raises(ArgumentError, match="not absolute"):
        get_url(ctx, "shoal://top.sls", "x")


def test_files_of_master_and_box(ctx: Context, roots: Path, tmp_path: Path) -> None:
    new = UrlOptions(makedirs=True)
    assert get_url(ctx, "salt://web/site.conf", f"{tmp_path}/a/", options=new) == f"{tmp_path}/a/site.conf"
    assert get_url(ctx, str(roots / "web/site.conf"), f"{tmp_path}/b/c", options=new) == f"{tmp_path}/b/c"
    assert (tmp_path / "a/site.conf").read_text() == (tmp_path / "b/c").read_text() == "listen 80\n"
    assert (
        get_url(ctx, "shoal://web/site.conf") == get_url(ctx, str(roots / "web/site.conf")) == "listen 80\n"
    )
    for dest in ("", str(tmp_path / "x")):
        assert get_url(ctx, "shoal://none", dest) == ""
        with pytest.raises(ModuleError, match="bad file name"):
            get_url(ctx, "shoal://../x", dest)
        for path in ("/none", str(tmp_path)):
            with pytest.raises(ModuleError):
                get_url(ctx, path, dest)


@pytest.mark.parametrize(
    "text", ["x", "sha256=", "md5=" + "0" * 32, "0" * 63, "sha256=" + "0" * 128, "sha1:" + "0" * 40]
)
def test_check_sum_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ArgumentError, match="source_hash"):
        SourceHash(text)
