"""Only what a manifest names is loaded, and what runs is what was checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from modules import synced_folder
from modules.registry import Registry
from modules.synced_folder import SyncedFolder
from shoal.errors import AlteredError, UnknownFunctionError, WireError
from shoal.files.digest import Digest
from shoal.synced import MAX_FILE_BYTES, MAX_FILES, read_checked, read_digests, stored_name
from tests.synced import place

PING = """
from shoal.functions.function import function
from modules.context import Context
@function
def ping(ctx: Context) -> str:
    return "signed"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "modules"


def refused(registry: Registry, name: str) -> str:
    with pytest.raises(UnknownFunctionError) as caught:
        registry.get(name)
    return str(caught.value)


def alter(path: Path) -> None:
    path.write_text(PING.replace("signed", "altered"))


def add_a_byte(path: Path) -> None:
    path.write_text(PING + "\n")


def empty(path: Path) -> None:
    path.write_text("")


def swap_for_a_link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_suffix(".moved")))


def swap_for_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def swap_for_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "how", [alter, add_a_byte, empty, swap_for_a_link, swap_for_a_pipe, swap_for_a_folder, Path.unlink]
)
@pytest.mark.parametrize("module", ["hello", "test"])
def test_file_that_is_not_as_signed_is_not_loaded_nor_replaced_by_ours(
    folder: Path, ctx: Any, how: Any, module: str
) -> None:
    registry = Registry(SyncedFolder(folder, place(folder, {module: PING, "other": PING})))
    (path,) = folder.glob(f"{module}.*")
    how(path)
    assert f"{path} is not loaded" in refused(registry, f"{module}.ping")
    assert module in registry.broken()
    assert [str(path) in line for line in registry.altered()] == [True]
    assert registry.get("other.ping").call(ctx) == "signed"
    assert registry.get("sys.list_modules")
    if module == "test":
        assert f"{path} is not loaded" in refused(registry, "test.echo"), "which the file does not even have"


def test_file_that_no_manifest_names_is_not_there(folder: Path) -> None:
    digests = place(folder, {"hello": PING})
    place(folder, {"evil": PING, "test": "1/0\n"})
    (folder / "plain.py").write_text(PING)
    registry = Registry(SyncedFolder(folder, digests))
    for name in ("evil.ping", "plain.ping"):
        assert "not available" in refused(registry, name)
    assert not {"evil", "plain"} & set(registry.modules())
    assert registry.get("test.ping").name == "test.ping", "nothing stands in its place"
    assert registry.altered() == []


def test_file_swapped_between_check_and_load_does_not_run(
    folder: Path, ctx: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_then_swap(path: Path, digest: bytes) -> bytes:
        data = read_checked(path, digest)
        alter(path)
        return data

    monkeypatch.setattr(synced_folder, "read_checked", read_then_swap)
    registry = Registry(SyncedFolder(folder, place(folder, {"hello": PING})))
    assert registry.get("hello.ping").call(ctx) == "signed"
    assert "altered" in next(folder.glob("hello.*")).read_text()


def test_nothing_is_loaded_before_the_daemon_has_spoken_nor_after_it_has_taken_it_back(folder: Path) -> None:
    digests = place(folder, {"hello": PING})
    registry = Registry(SyncedFolder(folder))
    refused(registry, "hello.ping")
    registry.use_synced(digests)
    assert registry.get("hello.ping")
    registry.use_synced({})
    refused(registry, "hello.ping")
    without = Registry()
    without.use_synced(digests)
    refused(without, "hello.ping")


def test_damaged_file_is_loaded_again_when_it_was_mended(folder: Path) -> None:
    registry = Registry(SyncedFolder(folder, place(folder, {"hello": PING})))
    alter(next(folder.glob("hello.*")))
    refused(registry, "hello.ping")
    place(folder, {"hello": PING})
    registry.reload_synced()
    assert registry.get("hello.ping")
    assert registry.altered() == []


def test_file_that_is_too_large_is_none(folder: Path) -> None:
    data = b"#" * (MAX_FILE_BYTES + 2)
    digest = Digest(data).final()
    place(folder, {"hello": data})
    with pytest.raises(AlteredError):
        read_checked(folder / stored_name("hello", digest), digest)


@pytest.mark.parametrize(
    "value",
    [{"../x": bytes(32)}, {"a": bytes(31)}, {"a": "x" * 32}, {"a": None},
     {f"f{n}": bytes(32) for n in range(MAX_FILES + 1)}],
)  # fmt: skip
def test_digests_that_are_none_are_refused(value: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read_digests(value)
