"""Cases of the `file` states: each way to change something, on what makes taking it back hard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.contracts.states.contract import Case

F = "@ROOT@/f"
SERVED = {
    "files": {"tree/a": "A\n", "tree/b/c": "C\n", "t.jinja": "{{ grains.id }} {{ pillar.x }}\n"},
    "pillar": {"x": 5},
}


def file(root: Path, name: str = "f", text: str | bytes = "old\n", mode: int = 0o640) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def one(root: Path) -> None:
    file(root)


def program(root: Path) -> None:
    """A set-user-id program of somebody else's, and not text."""
    path = file(root, text=b"\x7fELF\x00\xff")
    if os.geteuid() == 0:
        os.chown(path, 1, 1)
    path.chmod(0o4755)


def conf(root: Path) -> None:
    file(root, text="# c\nport=80\n#debug=1\nhost=a\nend")


def tree(root: Path) -> None:
    """Files, a folder that nobody may write in, links, a pipe."""
    file(root, "f/a")
    file(root, "f/b/c", mode=0o4711)
    (root / "f/empty").mkdir()
    (root / "f/link").symlink_to("a")
    (root / "f/lost").symlink_to("/nowhere/at all")
    os.mkfifo(root / "f/pipe", 0o620)
    (root / "f/b").chmod(0o500)


def odd(root: Path) -> None:
    """A name in it is no UTF-8."""
    tree(root)
    Path(os.fsdecode(os.fsencode(root / "f/b") + b"/\xff\n")).write_text("odd")


def plain_tree(root: Path) -> None:
    tree(root)
    (root / "f/pipe").unlink()


def data(root: Path) -> None:
    file(root, text='{"a": 1}')


def linked(root: Path) -> None:
    file(root, "t")
    (root / "f").symlink_to("t")


def dangling(root: Path) -> None:
    (root / "f").symlink_to("not-there-yet")


def two(root: Path) -> None:
    file(root, "s", "source\n", 0o604)
    file(root)


def case(title: str, fun: str, prepare: Any = None, /, **args: Any) -> Case:
    more = {key: args.pop(key) for key in ("facts", "changes", "settles") if key in args}
    given = {"name": F, **args}
    return Case(
        name=title, fun=f"file.{fun}", args=given, **({"prepare": prepare} if prepare else {}), **more
    )


VALUES = {"port": 1, "debug": "2", "new": "3"}
OWNED: dict[str, Any] = {"user": "daemon", "group": "daemon"} if os.geteuid() == 0 else {}

CASES = [
    case("new", "managed", contents="x", mode=640, **OWNED),
    case("new, in folders that are made", "managed", name="@ROOT@/x/y/f", contents="x", makedirs=True, mode=600),
    case("content, owner and mode", "managed", one, contents="new", mode="0600", **OWNED),
    case("only the mode", "managed", one, contents="old", mode=4755),
    case("set-user-id program", "managed", program, contents="text", mode=644, user=0),
    case("only the owner of a set-user-id program", "managed", program, user=0),
    case("as it is", "managed", one, contents="old", mode=640, changes=False),
    case("through a link", "managed", linked, contents="new"),
    case("through a link that leads nowhere yet", "managed", dangling, contents="new"),
    case("in place of a link", "managed", linked, contents="new", follow_symlinks=False),
    case("empty", "managed"),
    case("bytes", "managed", one, contents="\u00e9", encoding="latin-1"),
    case("source", "managed", one, source="salt://tree/a", mode="keep", facts=SERVED),
    case("second of two sources", "managed", source=["salt://no", "salt://tree/a"], facts=SERVED),
    case("source on the box", "managed", two, source="@ROOT@/s"),
    case("template", "managed", source="salt://t.jinja", template="jinja", facts=SERVED),
    case("backup", "managed", one, contents="new", backup="minion"),
    case("words that look like arguments", "managed", contents="content=5 {a: 1}\nnull"),
    case("new", "directory", mode=750),
    case("with those above it", "directory", name="@ROOT@/f/g/h", makedirs=True, dir_mode=700, **OWNED),
    case("mode", "directory", tree, mode=700),
    case("of all below it", "directory", tree, dir_mode=711, file_mode=600, recurse=["user", "group", "mode"], **OWNED),
    case("cleaned", "directory", odd, clean=True),
    case("cleaned but for some", "directory", tree, clean=True, exclude_pat="b/*"),
    case("in place of a file", "directory", one, force=True),
    case("in place of a file that is renamed", "directory", one, backupname="f.old"),
    case("in place of a link", "directory", dangling, force=True),
    case("new", "recurse", source="salt://tree", facts=SERVED, file_mode="0600", dir_mode="0700"),
    case("cleaned", "recurse", tree, source="salt://tree", facts=SERVED, clean=True),
    case("nothing", "absent", changes=False),
    case("file", "absent", program),
    case("tree", "absent", odd),
    case("link", "absent", linked),
    case("all", "tidied", tree, rmdirs=True),
    case("some", "tidied", tree, matches=["a"]),
    case("new", "symlink", target="t", makedirs=True, name="@ROOT@/x/f"),
    case("to another place", "symlink", linked, target="elsewhere", **OWNED),
    case("owner", "symlink", linked, target="t", changes=bool(OWNED), **OWNED),
    case("in place of a file", "symlink", program, target="t", force=True),
    case("in place of a tree", "symlink", odd, target="t", force=True),
    case("in place of a file that is renamed", "symlink", one, target="t", backupname="f.old"),
    case("in place of a file", "hardlink", two, target="@ROOT@/s", force=True),
    case("new", "append", text="x"),
    case("to an unfinished line", "append", conf, text=["x", "y\nz"]),
    case("first", "prepend", conf, text="x", header=True),
    case("program that is no text", "append", program, text="x"),
    case("replaced", "line", conf, content="port=90", match="^port", mode="replace"),
    case("made", "line", content="x", mode="insert", location="end", create=True, file_mode=600),
    case("deleted", "line", conf, match="^port", mode="delete"),
    case("all", "replace", conf, pattern=r"=\d+", repl="=1"),
    case("some, never done", "replace", conf, pattern="[a-z]", repl="Z", count=2, settles=False),
    case("with a copy beside it", "blockreplace", conf, content="x", append_if_not_found=True),
    case("known", "comment", conf, regex="^port"),
    case("known", "uncomment", conf, regex="^debug"),
    case("all ways", "keyvalue", conf, key_values=VALUES, uncomment="#", append_if_not_found=True),
    case("json over json", "serialize", data, dataset={"b": 2}, serializer="json", merge_if_exists=True),
    case("yaml", "serialize", dataset={"a": [1, None]}, mode=600),
    case("changed", "decode", one, encoded_data="AP8="),
    case("new", "copy", two, name="@ROOT@/x/f", source="@ROOT@/s", makedirs=True),
    case("forced", "copy", two, source="@ROOT@/s", force=True, preserve=True),
    case("tree", "copy", plain_tree, name="@ROOT@/g", source="@ROOT@/f"),
    case("forced", "rename", two, source="@ROOT@/s", force=True),
    case("into a new folder", "rename", two, name="@ROOT@/x/f", source="@ROOT@/s", makedirs=True),
    case("new", "touch", settles=False),
    case("times", "touch", one, mtime=1000, atime=2000),
    case("there", "exists", one, changes=False),
    case("not there", "missing", changes=False),
    case("gathered", "accumulated", filename="@ROOT@/f", text="x", changes=False),
    case("served", "cached", name="salt://tree/a", facts=SERVED, changes=False),
]  # fmt: skip
