"""What a box asks of the master's files, and what it is told.

A question is the body of the verb `files`: `{n, op, …}`; `n` is the box's own number for it, which every answer
repeats. `read` has as many answers as its bytes need, in order, up to `last`; the other questions have one. `manifest`
has the sealed manifest of an environment (shoal/synced.py) in `data`.
A box has at most `MAX_ASKED` questions open: by its next one the master knows that an earlier answer has arrived.
A file is known by the digest of its content: what was found under a name a moment ago is what is read, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.files.names import MAX_ENV, MAX_NAME, check_env, check_name
from shoal.wire import Fields

DIGEST_BYTES: Final = 32  # see digest.py
MAX_FILE_BYTES: Final = 2**40
PIECE_BYTES: Final = 128 * 1024  # of data in one answer
READ_BYTES: Final = 1024 * 1024  # of data for one question
MAX_ASKED: Final = 2  # reads of one box that are open at a time
MAX_OPEN: Final = 4  # questions of one box that are open at a time; the master bears twice as many
MAX_PARTS: Final = 512  # of one question
PAGE_ITEMS: Final = 500  # names in one answer to `list`
MAX_QUESTION_BYTES: Final = 64 * 1024
OPS: Final = ("find", "list", "envs", "read", "manifest")
_MAX_N: Final = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some bytes of a file: `length` of them from `at`."""

    digest: bytes
    at: int
    length: int

    @classmethod
    def from_wire(cls, value: object) -> Part:
        """Check and read `[digest, at, length]`. Raises WireError."""
        if not isinstance(value, list) or len(value) != 3:
            raise WireError("a part of a file is [digest, at, length]")
        fields = Fields({"digest": value[0], "at": value[1], "length": value[2]}, "part of a file")
        return cls(
            digest=fields.blob("digest", DIGEST_BYTES, exact=DIGEST_BYTES),
            at=fields.integer("at", 0, MAX_FILE_BYTES),
            length=fields.integer("length", 0, READ_BYTES),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """See the module docstring. Which fields count is said by `op`."""

    n: int = 0  # whoever sends it gives it its number
    op: str
    env: str = ""
    name: str = ""  # of the file, or of the folder that is listed
    after: str = ""  # the last name of the page before
    parts: tuple[Part, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        body: dict[str, Any] = {"n": self.n, "op": self.op}
        if self.op in ("find", "list"):
            body |= {"env": self.env, "name": self.name}
        if self.op == "manifest":
            body["env"] = self.env
        if self.op == "list":
            body["after"] = self.after
        if self.op == "read":
            body["parts"] = [[part.digest, part.at, part.length] for part in self.parts]
        return body

    @classmethod
    def from_wire(cls, value: object) -> Question:
        """Check and read a message body. Raises WireError."""
        fields = Fields(value, "question about files")
        n, op = fields.integer("n", 0, _MAX_N), fields.text("op", 8)
        if op not in OPS:
            raise WireError(f"question about files: unknown {op!r}")
        env = name = after = ""
        parts: tuple[Part, ...] = ()
        if op in ("find", "list", "manifest"):
            env = check_env(fields.text("env", MAX_ENV))
        if op in ("find", "list"):
            name = check_name(fields.text("name", MAX_NAME))
        if op == "list":
            after = fields.text("after", MAX_NAME)
        if op == "read":
            parts = _parts(fields.take("parts", list))
        fields.done()
        return cls(n=n, op=op, env=env, name=name, after=after, parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A served file, or a folder (`digest` is empty), as the master says it is. `target`: of a symbolic link."""

    name: str
    digest: bytes = b""
    size: int = 0
    mode: int = 0o644
    target: str = ""

    @property
    def is_dir(self) -> bool:
        """True for a folder."""
        return not self.digest

    def to_wire(self) -> list[Any]:
        """Return `[name, digest, size, mode, target]`."""
        return [self.name, self.digest, self.size, self.mode, self.target]

    @classmethod
    def from_wire(cls, value: object) -> FileInfo:
        """Check and read one. Raises WireError."""
        if not isinstance(value, list) or len(value) != 5:
            raise WireError("a served file is [name, digest, size, mode, target]")
        names = ("name", "digest", "size", "mode", "target")
        fields = Fields(dict(zip(names, value, strict=True)), "served file")
        digest = fields.blob("digest", DIGEST_BYTES)
        if len(digest) not in (0, DIGEST_BYTES):
            raise WireError("served file: half a digest")
        return cls(
            name=check_name(fields.text("name", MAX_NAME)),
            digest=digest,
            size=fields.integer("size", 0, MAX_FILE_BYTES),
            mode=fields.integer("mode", 0, 0o7777),
            target=fields.text("target", 4096),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer to question `n`: the `files` or `envs` that were asked for, a piece of `data`, or an `error`."""

    n: int
    error: str = ""
    files: tuple[FileInfo, ...] = ()
    envs: tuple[str, ...] = ()
    data: bytes = b""
    last: bool = True  # nothing follows; of a list: this is the end of it

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {
            "n": self.n,
            "error": self.error,
            "files": [each.to_wire() for each in self.files],
            "envs": list(self.envs),
            "data": self.data,
            "last": self.last,
        }

    @classmethod
    def from_wire(cls, value: object) -> Answer:
        """Check and read a message body. Raises WireError."""
        fields = Fields(value, "answer about files")
        files = fields.take("files", list)
        if len(files) > PAGE_ITEMS:
            raise WireError("answer about files: too many names")
        made = cls(
            n=fields.integer("n", 0, _MAX_N),
            error=fields.text("error", 1000),
            files=tuple(FileInfo.from_wire(each) for each in files),
            envs=fields.texts("envs", 1000, MAX_ENV),
            data=fields.blob("data", PIECE_BYTES),
            last=fields.flag("last"),
        )
        fields.done()
        return made


def _parts(values: Sequence[object]) -> tuple[Part, ...]:
    if not 0 < len(values) <= MAX_PARTS:
        raise WireError(f"question about files: 1 to {MAX_PARTS} parts")
    parts = tuple(Part.from_wire(value) for value in values)
    if sum(part.length for part in parts) > READ_BYTES:
        raise WireError(f"question about files: more than {READ_BYTES} bytes at once")
    return parts
