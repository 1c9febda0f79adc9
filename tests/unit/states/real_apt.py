"""A Debian in a folder of the test's own: real apt and dpkg, a repository of tiny packages, nothing installed.

aaa 1.0, 1.1 (with a configuration file)     bbb 2.0, needs ccc     ccc 3.0     ddd 1:4.0-1
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from modules.pkg import apt

_CONFIG = """
Dir "{root}";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Bin::dpkg "{dpkg}";
Dir::Bin::Methods "/usr/lib/apt/methods";
Dir::Log "{root}/log";
DPkg::Options {{ "--root={root}"; "--force-unsafe-io"; }};
APT::Sandbox::User "root";
APT::Architecture "amd64";
APT::Architectures "amd64";
"""
_FOLDERS = ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/dpkg/updates", "var/lib/dpkg/info", "log")
_FOLDERS += ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt/trusted.gpg.d")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository."""
    for program in ("apt-get", "dpkg-deb", "dpkg-scanpackages"):
        if not shutil.which(program):
            pytest.skip(f"needs {program}")
    folder = tmp_path_factory.mktemp("repository")
    for name, version, more in (
        ("aaa", "1.0", ""),
        ("aaa", "1.1", ""),
        ("bbb", "2.0", "Depends: ccc\n"),
        ("ccc", "3.0", ""),
        ("ddd", "1:4.0-1", ""),
    ):
        _package(folder, name, version, more)
    done = subprocess.run(
        ["dpkg-scanpackages", "-m", "."], cwd=folder, capture_output=True, text=True, check=True
    )
    (folder / "Packages").write_text(done.stdout)
    return folder


@pytest.fixture
def debian(packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the Debian."""
    if os.geteuid() != 0:
        pytest.skip("dpkg needs root")
    root = tmp_path / "debian"
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:{packages} ./\n")
    config = tmp_path / "apt.conf"
    config.write_text(_CONFIG.format(root=root, dpkg=shutil.which("dpkg")))
    monkeypatch.setenv("APT_CONFIG", str(config))
    monkeypatch.setenv("DPKG_ADMINDIR", str(root / "var/lib/dpkg"))
    monkeypatch.setattr(apt, "DPKG_FOLDER", root / "var/lib/dpkg")
    monkeypatch.setattr(apt, "LISTS_FOLDER", root / "var/lib/apt/lists")
    monkeypatch.setattr(apt, "ARCHIVES_FOLDER", root / "var/cache/apt/archives")
    subprocess.run(["apt-get", "-qq", "update"], check=True, capture_output=True)
    return root


def _package(folder: Path, name: str, version: str, more: str) -> None:
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: x <x@example.org>\n{more}Description: x\n"
    )
    if name == "aaa":
        (tree / "etc").mkdir()
        (tree / "etc/aaa.conf").write_text(f"of {version}\n")
        (tree / "DEBIAN/conffiles").write_text("/etc/aaa.conf\n")
    subprocess.run(
        ["dpkg-deb", "-b", tree, folder / f"{name}_{version.replace(':', '-')}_all.deb"],
        check=True,
        capture_output=True,
    )
    shutil.rmtree(tree)
