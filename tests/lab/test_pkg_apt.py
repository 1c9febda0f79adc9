"""`pkg.*` on real dpkg and apt, with packages built here, in a throw-away copy of this machine. Needs root."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.lab.boxed import Box

_TOOLS: Final = ("apt-get", "dpkg-deb", "dpkg-scanpackages", "unshare")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0 or not all(map(shutil.which, _TOOLS)), reason="needs root and apt"),
]

_APT_ON: Final = """
sh("rm -f /etc/apt/sources.list /etc/apt/sources.list.d/* /etc/apt/preferences.d/*; rm -rf /var/lib/apt/lists/*")
Path("/etc/apt/sources.list").write_text("deb [trusted=yes] file:/repo ./\\n")
first = ask("pkg.refresh_db")
"""


def _package(
    folder: Path, name: str, version: str, *, conf: str = "", extra: str = "", postinst: str = ""
) -> None:
    root = folder / f"{name}_{version.replace(':', '%3a')}"
    (root / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@b.example>\n{extra}"
    (root / "DEBIAN/control").write_text(f"{control}Description: test package\n more of it\n")
    (root / f"usr/share/{name}").mkdir(parents=True)
    (root / f"usr/share/{name}/version").write_text(version)
    if conf:
        (root / "etc").mkdir()
        (root / f"etc/{name}.conf").write_text(conf)
        (root / "DEBIAN/conffiles").write_text(f"/etc/{name}.conf\n")
    if postinst:
        (root / "DEBIAN/postinst").write_text(f"#!/bin/sh\n{postinst}\n")
        (root / "DEBIAN/postinst").chmod(0o755)
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", root, folder], check=True, capture_output=True
    )
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Box:
    folder = tmp_path_factory.mktemp("repo")
    _package(folder, "shoal-tool", "1.0", conf="a=1\n")
    _package(folder, "shoal-tool", "1.5", conf="a=1.5\n")
    _package(folder, "shoal-tool", "2.0", conf="a=2\n", extra="Depends: shoal-lib\n")
    _package(folder, "shoal-lib", "1:3-1")
    _package(
        folder, "shoal-asks", "1", postinst='read answer && exit 9; test "$DEBIAN_FRONTEND" = noninteractive'
    )
    _package(folder, "shoal-fails", "1", postinst="test ! -e /broken")
    listed = subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=folder, check=True, capture_output=True)
    (folder / "Packages").write_bytes(listed.stdout)
    return Box(place=tmp_path_factory.mktemp("box"), repository=folder)


def test_package_from_its_installation_to_its_purge(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
tell([
    first,
    ask("pkg.refresh_db cache_valid_time=600"),
    ask("pkg.latest_version shoal-tool refresh=False"),
    ask("pkg.list_repo_pkgs 'shoal-t*'"),
    ask("pkg.install shoal-tool version='<2'"),
    ask("pkg.install shoal-tool version=1.5"),
    ask("pkg.upgrade_available shoal-tool refresh=False"),
    ask("pkg.list_upgrades refresh=False"),
    ask("pkg.upgrade refresh=False dist_upgrade=True dryrun=True"),
    ask("pkg.upgrade refresh=False dist_upgrade=True"),
    ask("pkg.install shoal-tool version=1.0"),
    ask("pkg.install shoal-tool version=1.0 allow_downgrades=True"),
    ask("pkg.autoremove list_only=True"),
    ask("pkg.autoremove"),
    ask("pkg.install shoal-tool version=1.0 reinstall=True"),
    ask("pkg.remove shoal-tool"),
    ask("pkg.list_pkgs removed=True"),
    ask("pkg.remove shoal-tool"),
    ask("pkg.purge shoal-tool"),
    os.path.exists("/etc/shoal-tool.conf"),
])
"""
    )
    tool = "shoal-tool"
    expected = [
        {"1.0": None},
        {},
        "2.0",
        {tool: ["2.0", "1.5", "1.0"]},
        {tool: {"old": "", "new": "1.5"}},
        {},
        True,
        {tool: "2.0"},
        {"shoal-lib": {"old": "", "new": "1:3-1"}, tool: {"old": "1.5", "new": "2.0"}},
        {"shoal-lib": {"old": "", "new": "1:3-1"}, tool: {"old": "1.5", "new": "2.0"}},
        "ERROR shoal-tool 2.0 is installed and 1.0 is older; say allow_downgrades=True",
        {tool: {"old": "2.0", "new": "1.0"}},
        ["shoal-lib"],
        {"shoal-lib": {"old": "1:3-1", "new": ""}},
        {tool: {"old": "1.0", "new": "1.0"}},
        {tool: {"old": "1.0", "new": ""}},
        {tool: "1.0"},
        {},
        {tool: {"old": "1.0", "new": ""}},
        False,
    ]
    assert all(value is not False for value in told[0].values())
    assert told[1:] == expected[1:]


def test_configuration_that_somebody_changed_stays_unless_said(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
ask("pkg.install shoal-tool version=1.0")
conf = Path("/etc/shoal-tool.conf")
conf.write_text("mine")
ask("pkg.install shoal-tool version=1.5")
kept = conf.read_text()
ask("pkg.install shoal-tool version=2.0 force_conf_new=True")
tell([kept, conf.read_text()])
"""
    )
    assert told == ["mine", "a=2\n"]


def test_package_that_asks_gets_no_answer(box: Box) -> None:
    told = box.run(_APT_ON + 'tell(ask("pkg.install shoal-asks"))')
    assert told == {"shoal-asks": {"old": "", "new": "1"}}


def test_failed_installation_is_told_and_repaired_by_the_next_change(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
Path("/broken").touch()
failed = ask("pkg.install pkgs=shoal-lib,shoal-fails")
Path("/broken").unlink()
repaired = ask("pkg.remove shoal-lib")
tell([failed, repaired, ask("pkg.version shoal-fails")])
"""
    )
    failed, repaired, version = told
    assert failed.startswith("ERROR apt-get install ended with return code 100: Sub-process ")
    assert failed.endswith("changed all the same: shoal-lib absent to 1:3-1")
    assert repaired == {
        "shoal-fails": {"old": "", "new": "1"},
        "shoal-lib": {"old": "1:3-1", "new": ""},
        "(interrupted run)": {"old": "unfinished", "new": "repaired"},
    }
    assert version == "1"


def test_lock_of_another_program_is_named_and_waited_for(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
HOLD = '''
import fcntl, sys
held = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(held, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
'''
other = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
other.stdout.readline()
refused = ask("pkg.install shoal-lib lock_timeout=0")
from modules.pkg import locks
class Steps:
    def output(self, data): pass
    def breathe(self): pass
    def step(self, text):
        if text.startswith("waiting"):
            other.stdin.close()
import dataclasses
ctx = dataclasses.replace(ctx, telling=Steps())
tell([refused, other.pid, ask("pkg.install shoal-lib")])
"""
    )
    refused, pid, installed = told
    assert f"/var/lib/dpkg/lock-frontend by process {pid} (python" in refused
    assert installed == {"shoal-lib": {"old": "", "new": "1:3-1"}}


def test_held_package_stays_at_its_version(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
tell([
    ask("pkg.install shoal-tool version=1.0 hold=True"),
    ask("pkg.list_holds"),
    ask("pkg.hold shoal-tool"),
    ask("pkg.upgrade refresh=False dist_upgrade=True"),
    ask("pkg.install shoal-tool"),
    ask("pkg.install shoal-tool version=1.5 update_holds=True"),
    ask("pkg.unhold shoal-tool"),
    ask("pkg.hold shoal-lib"),
    ask("pkg.list_holds"),
])
"""
    )
    assert told[1] == ["shoal-tool"]
    assert told[2]["shoal-tool"]["comment"] == "Package shoal-tool is already held."
    assert told[3] == {}
    assert "held" in told[4].lower()
    assert told[5] == {"shoal-tool": {"old": "1.0", "new": "1.5"}}
    assert told[6]["shoal-tool"]["changes"] == {"old": "hold", "new": "install"}
    assert told[7]["shoal-lib"] == {
        "name": "shoal-lib",
        "changes": {},
        "result": False,
        "comment": "Package shoal-lib is not installed.",
    }
    assert told[8] == []


def test_unknown_name_is_no_regular_expression_and_nothing_is_installed(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
before = ask("pkg.list_pkgs")
said = [ask("pkg.install shoal.lib"), ask("pkg.install shoal-lib-"), ask("pkg.install 'shoal-*'")]
tell([said, ask("pkg.list_pkgs") == before])
"""
    )
    assert told == [
        [
            "ERROR apt knows no package shoal.lib; try refresh=True, or check the name",
            "ERROR 'shoal-lib-' is not a package name",
            "ERROR 'shoal-*' is not a package name",
        ],
        True,
    ]


def test_file_on_the_box_is_installed_with_what_it_needs(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
tell([
    ask("pkg.install sources='[/repo/shoal-tool_2.0_all.deb]'"),
    ask("pkg.file_list shoal-tool"),
    ask("pkg.owner /usr/share/shoal-tool/version"),
    Path("/usr/share/shoal-tool/version").write_text("changed") and ask("pkg.verify shoal-tool"),
    ask("pkg.info_installed shoal-tool attr=version,summary,description,arch"),
    ask("pkg.show shoal-lib filter=Architecture"),
])
"""
    )
    changes, files, owner, verified, info, shown = told
    assert changes == {"shoal-lib": {"old": "", "new": "1:3-1"}, "shoal-tool": {"old": "", "new": "2.0"}}
    assert "/usr/share/shoal-tool/version" in files["files"]
    assert files["errors"] == []
    assert owner == "shoal-tool"
    assert verified == {"/usr/share/shoal-tool/version": {"mismatch": ["md5sum"]}}
    assert info["shoal-tool"] == {
        "version": "2.0",
        "arch": "all",
        "summary": "test package",
        "description": "more of it",
    }
    assert shown == {"shoal-lib": {"1:3-1": {"Architecture": "all"}}}


def test_source_that_is_away_is_told_as_failed(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
Path("/etc/apt/sources.list").write_text("deb [trusted=yes] file:/nowhere ./\\n")
tell([ask("pkg.refresh_db"), ask("pkg.refresh_db failhard=True")])
"""
    )
    assert False in told[0].values()
    assert told[1].startswith("ERROR cannot be fetched: file:/nowhere")


def test_apt_reads_the_sources_that_are_written(box: Box) -> None:
    told = box.run(
        _APT_ON
        + """
Path("/etc/apt/sources.list").unlink()
line = "deb file:/repo ./"
def offered():
    return ask("pkg.latest_version shoal-lib refresh=False")
told = [ask("pkg.refresh_db") and None, offered()]
for options in ("trusted=True", "disabled=True", "disabled=False"):
    ask(f"pkgrepo.mod_repo '{line}' {options}")
    told.append(offered())
told.append(sh("apt-get indextargets --format '$(SITE) $(RELEASE)' | sort -u"))
ask(f"pkgrepo.del_repo '{line}'")
ask("pkgrepo.mod_repo 'deb [trusted=yes] file:/repo ./' format=list")
told.append(offered())
tell(told)
"""
    )
    assert told[1:5] == ["", "1:3-1", "", "1:3-1"]
    assert told[6] == "1:3-1"
