"""The Debian packages on the boards' architectures: pure, and all they depend on is in Debian for them. Needs apt."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.lab.nspawn import SUITE, mirror

ROOT: Final = Path(__file__).resolve().parents[2]
KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, ("apt-get", "dpkg-deb"))), reason="needs root and apt"
    ),
]


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("debs")
    command = [sys.executable, str(ROOT / "packaging/build_deb.py"), "--out", str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return sorted(folder.iterdir())


@pytest.mark.parametrize("architecture", ["armhf", "arm64"])
def test_empty_board_could_install_them(architecture: str, debs: list[Path], tmp_path: Path) -> None:
    for folder in ("etc/apt", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").touch()
    (tmp_path / "etc/apt/sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
    (tmp_path / "apt.conf").write_text(
        f'Dir "{tmp_path}";\nDir::State::status "{tmp_path}/var/lib/dpkg/status";\n'
        f'APT::Architecture "{architecture}";\nAPT::Architectures {{ "{architecture}"; }};\n'
        'APT::Sandbox::User "root";\nAPT::Install-Recommends "false";\nAcquire::Languages "none";\n'
    )
    environ = {**os.environ, "APT_CONFIG": str(tmp_path / "apt.conf")}
    for words in (["update"], ["install", "--simulate", *map(str, debs)]):
        done = subprocess.run(
            ["apt-get", *words], env=environ, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    installed = {line.split()[1]: line for line in done.stdout.splitlines() if line.startswith("Inst ")}
    assert {"shoal-minion", "shoal-master"} <= installed.keys()
    assert f"[{architecture}]" in installed["python3-zmq"]
