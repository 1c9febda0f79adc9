"""Lays the wheels of vendored.txt into a package: pure Python only, known by their hashes, with their licences."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from packages import ROOT

LIST = ROOT / "packaging/vendored.txt"
CACHE = ROOT / "build/vendored"  # so that the network is needed once
DOWNLOAD = ["download", "--quiet", "--require-hashes", "--no-deps", "--python-version", "3.11"]
EVERYWHERE = ["--platform", "any", "--implementation", "py", "--abi", "none"]


def lay_out(target: Path, licences: Path) -> None:
    """Unpack the wheels into `target`, and what they say of their licences into `licences`."""
    licences.mkdir(parents=True)
    for wheel in _wheels():
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(target)
    for info in target.glob("*.dist-info"):
        for file in [*info.rglob("LICENSE"), *info.rglob("AUTHORS")]:
            file.replace(licences / f"{info.name.partition('-')[0]}.{file.name}")
        shutil.rmtree(info)
    for kit in [*target.glob("*/testing")]:  # for tests of SQLAlchemy and alembic themselves
        shutil.rmtree(kit)


def _wheels() -> list[Path]:
    wanted = re.findall(r"sha256:(\w+)", LIST.read_text())
    if set(wanted) - _cached().keys():
        CACHE.mkdir(parents=True, exist_ok=True)
        words = [*DOWNLOAD, *EVERYWHERE, "--dest", CACHE, "--requirement", LIST]
        if subprocess.run([sys.executable, "-m", "pip", *words], check=False).returncode:
            sys.exit(f"make deb: what {LIST.name} names cannot be fetched; see pip's words above")
    cached = _cached()
    return [cached[each] for each in wanted]


def _cached() -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in CACHE.glob("*.whl")}
