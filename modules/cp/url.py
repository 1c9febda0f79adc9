"""`cp.get_url`: a file from the master, from a web server, or from another place of the box.

1. What comes from a web server is bounded in size and time, every redirect is checked as the address was, and only
   http and https are spoken. `file://` is refused: a path says the same and cannot come from a server.
2. The check sum is compared before the file has its name. Until then it is a new file beside the target with a name
   nobody can guess, which only root may read; whatever goes wrong removes it.
3. The name in a folder is the last part of the address that was asked, never what the server says.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from modules.atomic_file import replace_by
from modules.context import Context
from modules.cp.files import Where, bring
from modules.cp.source_hash import SourceHash
from modules.file.content import write_all
from modules.file.place import absolute, explained, shown
from modules.held_folder import entered
from modules.placing import Placed, place
from modules.shell import MAX_OUTPUT_BYTES
from shoal.errors import ArgumentError, ModuleError, WireError
from shoal.files.digest import Digest
from shoal.files.names import BASE, check_name, is_served, read_url
from shoal.functions.function import function

_CHUNK: Final = 1024 * 1024
_TRIES: Final = 3  # for a file that changes meanwhile
_WEB: Final = ("http://", "https://")
Take = Callable[[bytes], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlOptions:
    """What `get_url` takes beside addresses. Spellings are Salt's where it has them."""

    makedirs: bool = False
    source_hash: str = ""  # sha256=…, sha512=… or blake2b=…
    timeout: float = 600.0  # seconds for all of it, redirects too
    max_bytes: int = 1024 * 1024 * 1024
    verify_ssl: bool = True
    allow_link_local: bool = False


_DEFAULTS: Final = UrlOptions()


@function(replay="safe")
def get_url(
    ctx: Context, path: str, dest: str | None = "", saltenv: str = BASE, options: UrlOptions = _DEFAULTS
) -> str:
    """Bring a file to `dest` from `shoal://`, `http://`, `https://` or an absolute path of the box.

    Returns the path it has then; without `dest` its text. "" if the master does not serve it. `source_hash` is
    compared before the file is there. `file://` is refused.

    CLI Example:

        shoal '*' cp.get_url shoal://web/site.conf /etc/nginx/site.conf
        shoal '*' cp.get_url https://example.com/app.tar.gz /opt/app.tar.gz source_hash=sha256=9f86d081884c7d65…
    """
    source = _Source(ctx, path, saltenv, options)
    if not dest:
        return source.text()
    target = absolute(dest)
    if dest.endswith("/") or target.is_dir():
        target = target / source.name()
    return str(target) if source.to(target) else ""


class _Source:
    """A file and where it comes from."""

    def __init__(self, ctx: Context, path: str, env: str, options: UrlOptions) -> None:
        self._ctx = ctx
        self._path = path
        self._env = env
        self._options = options
        self._hash = SourceHash(options.source_hash)
        self._web = path.lower().startswith(_WEB)
        if not self._web and not is_served(path) and not path.startswith("/"):
            raise ArgumentError(
                f"{shown(path)[:100]}: shoal://, http://, https:// or an absolute path of the box is meant"
            )

    def name(self) -> str:
        """Return the name that the file has in a folder. Raises ArgumentError."""
        path = (
            self._path.partition("?")[0].partition("#")[0]
            if self._web
            else self._path.partition("?saltenv=")[0]
        )
        name = path.partition("://")[2].partition("/")[2] if "://" in path else path
        try:
            name = check_name(name.rpartition("/")[2])
        except WireError as error:
            raise ArgumentError(f"cp.get_url: {error}") from None
        if not name:
            raise ArgumentError(f"{shown(path)[:100]} names no file; give dest with a file's name")
        return name

    def text(self) -> str:
        """Return the file's text. Raises ModuleError when it is too long to be returned."""
        data = bytearray()
        if self._web:
            self._download(data.extend, MAX_OUTPUT_BYTES)
        else:
            found = self._local()
            if found is None:
                return ""
            with explained(found, "read"):
                if found.stat().st_size > MAX_OUTPUT_BYTES:
                    raise ModuleError(
                        f"{shown(self._path)} has more than {MAX_OUTPUT_BYTES} bytes, too many to return; give dest"
                    )
                self._read(found, data.extend)
        return data.decode("utf-8", "replace")

    def to(self, target: Path) -> bool:
        """Put the file there; False if the master does not serve it. Raises ModuleError."""
        if self._web:
            self._download_to(target)
            return True
        return self._bring(target) if is_served(self._path) else self._copy(target)

    # ------------------------------------------------------------ from servers

    def _download(self, take: Take, max_bytes: int) -> None:
        # What the web needs takes memory that a box which only asks its master can do without.
        from modules.http.exchange import send
        from modules.http.query import QueryOptions, request_of

        options = QueryOptions(
            timeout=self._options.timeout,
            max_bytes=max_bytes,
            verify_ssl=self._options.verify_ssl,
            allow_link_local=self._options.allow_link_local,
        )

        def sink(data: bytes) -> None:
            self._hash.update(data)
            take(data)

        answer = send(replace(request_of(self._path, "GET", options), sink=sink))
        if answer.status != 200:
            raise ModuleError(f"{answer.place.shown}: HTTP {answer.status}: {shown(answer.reason)[:100]}")
        self._hash.check(answer.place.shown)

    def _download_to(self, target: Path) -> None:
        def fill(fd: int) -> None:
            def write(data: bytes) -> None:
                with explained(target, "written"):
                    write_all(fd, data)

            self._download(write, self._options.max_bytes)

        # Without the folder's lock: it would be held for as long as a server takes, and nothing is read here that
        # somebody else could change meanwhile.
        makedirs = self._options.makedirs
        with explained(target, "written"), entered(target, makedirs=makedirs, locked=False) as (folder, true):
            replace_by(folder, true, fill)

    # ----------------------------------------------------- from master and box

    def _bring(self, target: Path) -> bool:
        try:
            name, env = read_url(self._path, self._env)
        except WireError as error:
            raise ModuleError(str(error)) from None
        for _ in range(_TRIES):
            info = self._ctx.files.find(env, name)
            if info is None:
                return False
            if self._options.source_hash:
                with explained(target, "written"):
                    self._read(self._ctx.files.fetch([info])[0], lambda data: None)
            if bring(self._ctx, [(info, Where(target.parent, target.name))], makedirs=self._options.makedirs):
                return True
        raise ModuleError(f"{self._path}: it changes on the master each time it is fetched")

    def _copy(self, target: Path) -> bool:
        source = Path(os.path.realpath(self._path))
        for _ in range(_TRIES):
            digest = Digest()
            with explained(source, "read"):
                mode = source.stat().st_mode & 0o777
                self._read(source, digest.update)
            placed = Placed(source, target.parent, target.name, digest.final(), mode)
            if place(placed, makedirs=self._options.makedirs):
                return True
        raise ModuleError(f"{shown(source)} changes each time it is copied")

    def _local(self) -> Path | None:
        """Return where the file is on this box. Raises ModuleError."""
        if not is_served(self._path):
            return Path(os.path.realpath(self._path))
        try:
            name, env = read_url(self._path, self._env)
        except WireError as error:
            raise ModuleError(str(error)) from None
        info = self._ctx.files.find(env, name)
        return None if info is None else self._ctx.files.fetch([info])[0]

    def _read(self, path: Path, take: Take) -> None:
        """Read a regular file, and judge it. Raises ModuleError, OSError."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise ModuleError(f"{shown(path)} is no regular file")
            while chunk := os.read(fd, _CHUNK):
                self._hash.update(chunk)
                take(chunk)
        finally:
            os.close(fd)
        self._hash.check(shown(self._path))
