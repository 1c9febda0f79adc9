"""`pkg.*` reading this machine's own dpkg and apt. Nothing here changes anything."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoal.errors import ArgumentError

Ask = Callable[[str], Any]
_TOOLS = ("dpkg-query", "apt-get", "apt-cache")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, _TOOLS)), reason="not a Debian")


def dpkg_version(name: str) -> str:
    argv = ["dpkg-query", "-W", "-f", "${Version}", name]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def test_installed_packages(ask: Ask) -> None:
    found = ask("pkg.list_pkgs")
    rows = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Abbrev}\n"], capture_output=True, text=True, check=True
    )
    assert len(found) == len([row for row in rows.stdout.splitlines() if row.startswith(("ii", "hi"))])
    assert found["dpkg"] == dpkg_version("dpkg")
    assert ask("pkg.list_pkgs versions_as_list=True")["dpkg"] == [dpkg_version("dpkg")]
    assert not ask("pkg.list_pkgs removed=True").keys() & found.keys()


def test_version_of_one_of_several_and_of_a_pattern(ask: Ask) -> None:
    assert ask("pkg.version dpkg") == dpkg_version("dpkg")
    assert ask("pkg.version no-such-package") == ""
    assert ask("pkg.version dpkg no-such-package") == {"dpkg": dpkg_version("dpkg"), "no-such-package": ""}
    assert ask("pkg.version 'dpk?'") == {"dpkg": dpkg_version("dpkg")}
    assert ask("pkg.version 'no-such-*'") == {}


def test_own_architecture_is_no_part_of_a_name(ask: Ask) -> None:
    argv = ["dpkg", "--print-architecture"]
    native = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    assert ask(f"pkg.normalize_name dpkg:{native}") == "dpkg"
    assert ask("pkg.normalize_name dpkg:hurd-x") == "dpkg:hurd-x"
    assert ask(f"pkg.version libc6:{native}") == dpkg_version("libc6")


def test_owner_of_files(ask: Ask) -> None:
    assert ask("pkg.owner /usr/bin/dpkg") == "dpkg"
    assert ask("pkg.owner /etc/no-such-file") == ""
    assert ask("pkg.owner /usr/bin/dpkg /etc/no-such-file") == {
        "/usr/bin/dpkg": "dpkg",
        "/etc/no-such-file": "",
    }
    assert ask("pkg.owner '/usr/bin/dpk*'") == ""
    assert ask("pkg.owner '/usr/bin/['") == "coreutils"
    assert "dpkg" in ask("pkg.owner /usr/bin").split(", ")


@pytest.mark.skipif(not Path("/bin").is_symlink(), reason="/usr is not merged")
def test_owner_of_a_file_under_its_other_name(ask: Ask) -> None:
    assert ask("pkg.owner /bin/ls /usr/bin/ls /bin/dpkg") == {
        "/bin/ls": "coreutils",
        "/usr/bin/ls": "coreutils",
        "/bin/dpkg": "dpkg",
    }


def test_files_of_packages(ask: Ask) -> None:
    found = ask("pkg.file_dict dpkg no-such-package")
    assert "/usr/bin/dpkg" in found["packages"]["dpkg"]
    assert found["errors"] == ["package no-such-package is not installed"]
    assert "/usr/bin/dpkg" in ask("pkg.file_list dpkg")["files"]


def test_what_is_known_of_a_package(ask: Ask) -> None:
    found = ask("pkg.info_installed dpkg no-such-package")
    assert found.keys() == {"dpkg"}
    assert found["dpkg"]["version"] == dpkg_version("dpkg")
    assert found["dpkg"]["install_date"].endswith("Z")
    assert found["dpkg"]["size"] > 1024
    assert ask("pkg.info_installed dpkg attr=name") == {"dpkg": {"name": "dpkg"}}
    with pytest.raises(ArgumentError, match="not installed: no-such-package"):
        ask("pkg.info_installed no-such-package failhard=True")


def test_versions_are_compared(ask: Ask) -> None:
    assert ask("pkg.version_cmp 1:1.0 2.0") == 1
    assert ask("pkg.version_cmp 1:1.0 2.0 ignore_epoch=True") == -1
    assert ask("pkg.version_cmp 1.0~rc1 1.0") == -1


def test_verification_of_a_package_that_is_as_it_was(ask: Ask) -> None:
    assert "/usr/bin/dpkg" not in ask("pkg.verify dpkg")


def test_unknown_names_are_no_regular_expressions(ask: Ask) -> None:
    assert ask("pkg.list_repo_pkgs dpk.") == {}
    assert ask("pkg.show dpk.") == {}
    assert ask("pkg.latest_version dpk. refresh=False") == ""
