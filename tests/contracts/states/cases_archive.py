"""Cases of `archive`. The archive lies beside what is unpacked."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

from tests.contracts.states.contract import ROOT, Case

DEST = f"{ROOT}/out"


def packed(root: Path) -> None:
    with tarfile.open(root / "site.tar", "w") as archive:
        for name in ("site/a", "site/sub/b"):
            info = tarfile.TarInfo(name)
            info.size, info.mode = 2, 0o640
            archive.addfile(info, io.BytesIO(b"x\n"))
        link = tarfile.TarInfo("site/link")
        link.type, link.linkname = tarfile.SYMTYPE, "a"
        archive.addfile(link)


def partly(root: Path) -> None:
    packed(root)
    (root / "out/site/sub").mkdir(parents=True)
    (root / "out/site/mine").write_text("mine")


def wholly(root: Path) -> None:
    packed(root)
    with tarfile.open(root / "site.tar") as archive:
        archive.extractall(root / "out", filter="data")


def case(
    name: str, prepare: Any = packed, *, changes: bool = True, settles: bool = True, **args: Any
) -> Case:
    given = {"name": DEST, "source": f"{ROOT}/site.tar", **args}
    return Case(
        name=name, fun="archive.extracted", args=given, prepare=prepare, changes=changes, settles=settles
    )


CASES = [
    case("no folder"),
    case("folder with files of others", partly),
    case("all is there", wholly, changes=False),
    case("each time", wholly, settles=False, overwrite=True),
    case("names lose a folder", options="--strip-components=1", enforce_toplevel=False),
    case("this path exists", if_missing=ROOT, changes=False),
]
