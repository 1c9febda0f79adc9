"""Synced files for tests that have no master: as they lie on a box, and what its loaders are told of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from minion.executor.custom_file import CustomFile
from modules.registry import Registry
from modules.synced_folder import SyncedFolder
from shoal.files.digest import Digest
from shoal.synced import stored_name


def place(folder: Path, files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    """Write files, by name without `.py`, as if they had been synced; return their digests."""
    digests = {}
    for name, text in files.items():
        code = text if isinstance(text, bytes) else text.encode()
        digests[name] = Digest(code).final()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / stored_name(name, digests[name])).write_bytes(code)
    return digests


def signed(folder: Path) -> dict[str, bytes]:
    """Take the .py files of a folder, which a test has written there, for synced ones."""
    return place(folder / "synced", {path.stem: path.read_bytes() for path in sorted(folder.glob("*.py"))})


def registry_of(folder: Path) -> Registry:
    """Return a registry for which the .py files of `folder` are synced modules."""
    return Registry(SyncedFolder(folder / "synced", signed(folder)))


def custom_files(folder: Path) -> list[CustomFile]:
    """Take the .py files of a folder for custom grains."""
    stored = folder / "synced"
    return [
        CustomFile(f"{name}.py", stored / stored_name(name, digest), digest)
        for name, digest in signed(folder).items()
    ]


def serve(roots: Path, name: str, text: str) -> Path:
    """Put a file below the roots of a master, e.g. `_modules/hello.py`."""
    path = roots / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text))
    return path
