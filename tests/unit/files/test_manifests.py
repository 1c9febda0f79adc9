"""The manifest that a master makes of its roots: what is in it, what is left out, when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from pki.manifest import judge_manifest
from shoal.files.digest import Digest
from shoal.files.messages import Answer, Part, Question
from shoal.synced import MAX_FILE_BYTES, MAX_FILES, Manifest
from tests.unit.files.test_service import ask, serve
from tests.unit.master.reception import Box, Reception, run


async def answer_of(room: Reception, box: Box, env: str = "base") -> Answer:
    (answer,) = await ask(room, box, Question(n=1, op="manifest", env=env))
    return answer


async def manifest_of(room: Reception, box: Box, env: str = "base") -> Manifest:
    answer = await answer_of(room, box, env)
    assert answer.error == ""
    return judge_manifest(answer.data, env, room.identity.anchor, room.clock.time(), 0.0)


def test_files_right_below_their_folders_are_in_it_and_can_be_read(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        serve(tmp_path, _modules__hello_py=b"")
        (tmp_path / "roots/_modules").mkdir(exist_ok=True)
        (tmp_path / "roots/_modules/hello.py").write_bytes(b"code")
        (tmp_path / "roots/_grains").mkdir()
        (tmp_path / "roots/_grains/hello.py").write_bytes(b"more")
        box = await room.online()
        manifest = await manifest_of(room, box)
        assert [(each.kind, each.name, each.size) for each in manifest.files] == [
            ("grains", "hello", 4), ("modules", "hello", 4)
        ]  # fmt: skip
        assert (manifest.fleet, manifest.env) == (room.identity.fleet, "base")
        file = manifest.of("modules")["hello"]
        assert file.digest == Digest(b"code").final()
        part = Part(digest=file.digest, at=0, length=file.size)
        (answer,) = await ask(room, box, Question(n=2, op="read", parts=(part,)))
        assert answer.data == b"code"

    run(tmp_path, body)


def test_what_is_no_module_is_left_out_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = {"good.py", "_private.py", "__init__.py", "note.txt", "good.pyc", "My-Mod.py", "1st.py", "below/x.py",
             "__pycache__/good.cpython-311.pyc", "ü.py"}  # fmt: skip

    async def body(room: Reception) -> None:
        for name in names:
            path = tmp_path / "roots/_modules" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        (tmp_path / "roots/_modules/out.py").symlink_to("/etc/hostname")
        (tmp_path / "roots/_renderers").mkdir()
        (tmp_path / "roots/_renderers/x.py").write_text("")
        box = await room.online()
        for _ in range(2):
            assert [each.name for each in (await manifest_of(room, box)).files] == ["good"]

    run(tmp_path, body)
    told = sorted(record.args[0] for record in caplog.records if "not synced" in record.msg)
    assert told == ["_modules/1st.py", "_modules/My-Mod.py", "_modules/below/x.py", "_modules/ü.py"]


def test_edit_counts_at_once_and_the_time_goes_on(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        folder = tmp_path / "roots/_modules"
        folder.mkdir(parents=True)
        box = await room.online()
        empty = await manifest_of(room, box)
        assert empty.files == ()
        issued = empty.issued
        for text in ("one", "two", ""):
            (folder / "a.py").write_text(text)
            room.clock.advance(0.1)
            manifest = await manifest_of(room, box)
            assert manifest.of("modules")["a"].digest == Digest(text.encode()).final()
            assert manifest.issued > issued
            issued = manifest.issued
        (folder / "a.py").unlink()
        assert (await manifest_of(room, box)).files == ()

    run(tmp_path, body)


def test_environment_without_roots_has_an_empty_one(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        assert (await manifest_of(room, box, "nope")).files == ()

    run(tmp_path, body)


@pytest.mark.parametrize("what", ["a large file", "many files", "many names", "large together"])
def test_too_much_gives_no_manifest_and_a_reason(tmp_path: Path, what: str) -> None:
    async def body(room: Reception) -> None:
        folder = tmp_path / "roots/_modules"
        folder.mkdir(parents=True)
        if what == "a large file":
            (folder / "big.py").write_bytes(bytes(MAX_FILE_BYTES + 1))
        elif what == "large together":
            for number in range(17):
                (folder / f"f{number}.py").write_bytes(bytes(MAX_FILE_BYTES))
        else:
            for number in range(MAX_FILES + 1 if what == "many files" else 5001):
                (folder / f"f{number}.{'py' if what == 'many files' else 'txt'}").touch()
        box = await room.online()
        answer = await answer_of(room, box)
        assert answer.data == b""
        assert "more than" in answer.error

    run(tmp_path, body)


def test_master_that_cannot_sign_says_so(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        room.files.manifests = None
        box = await room.online()
        assert "no manifests" in (await answer_of(room, box)).error

    run(tmp_path, body)
