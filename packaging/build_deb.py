#!/usr/bin/env python3
"""Builds the Debian packages: `make deb`, or packaging/build_deb.py [--version V] [--out FOLDER] [NAME …].

Each is staged as a tree and given to dpkg-deb; `packages.py` says what goes where. The same sources give the same
bytes: owners are root, times SOURCE_DATE_EPOCH (else the last commit's), names sorted, one thread compresses.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from packages import PACKAGES, ROOT, Package
from vendoring import lay_out

sys.path.insert(0, str(ROOT))  # the tree first, whatever is installed

from sample import sample

from shoal.version import VERSION

DOCUMENTS = (
    "docs/install.md",
    "docs/operations.md",
    "docs/configuration.md",
    "docs/security.md",
    "CHANGELOG.md",
)
MAINTAINER = "Shoal <shoal@packages.invalid>"
SCRIPTS = ("postinst", "prerm", "postrm")


def main() -> int:
    """Build the packages that are asked for; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="shoal-minion or shoal-master; both if none")
    parser.add_argument("--version", default=VERSION, help="the release to be written into the packages")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where to put them (dist/)")
    options = parser.parse_args()
    if shutil.which("dpkg-deb") is None:
        sys.exit("make deb: dpkg-deb is not here; it comes with Debian and its kin")
    options.out.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if not options.names or package.name in options.names:
            sys.stdout.write(f"{_build(package, options.version, options.out)}\n")
    return 0


def _build(package: Package, version: str, out: Path) -> Path:
    epoch = _epoch()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        _stage_code(package, tree, version)
        _stage_programs(package, tree)
        _stage_system(package, tree)
        _stage_documents(package, tree, version, epoch)
        _stage_control(package, tree, version)
        _settle(tree, epoch)
        file = out / f"{package.name}_{version}_all.deb"
        subprocess.run(
            ["dpkg-deb", "-Zxz", "--root-owner-group", "--build", tree, file],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "DPKG_DEB_THREADS_MAX": "1"},
        )
    return file


def _epoch() -> int:
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    command = ["git", "-C", ROOT, "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit("make deb: no git history here: set SOURCE_DATE_EPOCH")
    return int(done.stdout)


def _stage_code(package: Package, tree: Path, version: str) -> None:
    prefix = tree / package.prefix
    for room in package.rooms:
        shutil.copytree(
            ROOT / room, prefix / room, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "py.typed")
        )
    file = prefix / "shoal/version.py"
    file.write_text(file.read_text().replace(f'"{VERSION}"', f'"{version}"'))
    if package.vendored:
        lay_out(prefix / "vendored", tree / f"usr/share/doc/{package.name}/vendored")


def _stage_programs(package: Package, tree: Path) -> None:
    folder = tree / "usr/bin"
    folder.mkdir(parents=True)
    for name, (module, function) in package.programs().items():
        (folder / name).write_text(package.launcher(module, function))


def _stage_system(package: Package, tree: Path) -> None:
    unit = tree / "usr/lib/systemd/system" / f"{package.name}.service"
    hook = tree / "usr/share/python3/runtime.d" / f"{package.name}.rtupdate"
    conf = tree / "etc/shoal" / package.program
    for file in (unit, hook, conf):
        file.parent.mkdir(parents=True)
    shutil.copy(package.folder / unit.name, unit)
    hook.write_text(package.rtupdate())
    conf.write_text(sample(package.program))
    for folder in ("pki", f"{package.program}.d"):
        (tree / "etc/shoal" / folder).mkdir()


def _stage_documents(package: Package, tree: Path, version: str, epoch: int) -> None:
    folder = tree / "usr/share/doc" / package.name
    folder.mkdir(parents=True, exist_ok=True)
    for name in DOCUMENTS:
        _zip(folder / f"{Path(name).name.replace('CHANGELOG', 'NEWS')}.gz", (ROOT / name).read_bytes())
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(epoch))
    entry = f"{package.name} ({version}) unstable; urgency=medium\n\n  * See NEWS.md.\n\n -- {MAINTAINER}  {day}\n"
    _zip(folder / "changelog.gz", entry.encode())
    shutil.copy(package.folder / "copyright", folder / "copyright")


def _zip(file: Path, data: bytes) -> None:
    file.write_bytes(gzip.compress(data, 9, mtime=0))


def _stage_control(package: Package, tree: Path, version: str) -> None:
    files = sorted(path for path in tree.rglob("*") if path.is_file())
    folder = tree / "DEBIAN"
    folder.mkdir()
    control = (
        (package.folder / "control")
        .read_text()
        .format(
            version=version,
            maintainer=MAINTAINER,
            size_kib=sum(-(-path.stat().st_size // 1024) for path in files),
            depends=", ".join(package.depends()),
        )
    )
    (folder / "control").write_text(control)
    (folder / "conffiles").write_text(f"/etc/shoal/{package.program}\n")
    sums = (f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(tree)}\n" for path in files)  # noqa: S324
    (folder / "md5sums").write_text("".join(sums))
    for name in SCRIPTS:
        shutil.copy(package.folder / name, folder / name)


def _settle(tree: Path, epoch: int) -> None:
    """Give everything its mode and time, whatever the umask and the checkout were."""
    runnable = {*(tree / "usr/bin").iterdir(), *(tree / "usr/share/python3/runtime.d").iterdir()}
    runnable |= {tree / "DEBIAN" / name for name in SCRIPTS}
    for path in [tree, *tree.rglob("*")]:
        path.chmod(0o755 if path.is_dir() or path in runnable else 0o644)
        os.utime(path, (epoch, epoch))


if __name__ == "__main__":
    sys.exit(main())
