"""The Debian packages as they are built: what is in them, under which modes, and what they ask for."""

from __future__ import annotations

import configparser
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from master.config import MasterConfig, read_master_config
from minion.config import MinionConfig, read_minion_config
from shoal.paths import Paths
from shoal.version import VERSION

ROOT: Final = Path(__file__).resolve().parents[3]
NAMES: Final = ("shoal-minion", "shoal-master")
PROGRAMS: Final = {
    "shoal-minion": {"shoal-minion", "shoal-call"},
    "shoal-master": {"shoal", "shoal-key", "shoal-run", "shoal-master"},
}
pytestmark = pytest.mark.skipif(
    shutil.which("dpkg-deb") is None, reason="needs dpkg-deb (Debian and its kin)"
)


@dataclass(frozen=True, slots=True)
class Deb:
    """One built package, read."""

    name: str
    file: Path
    fields: dict[str, str]
    members: dict[str, tarfile.TarInfo]
    contents: dict[str, bytes]
    control: dict[str, tarfile.TarInfo]

    @property
    def program(self) -> str:
        return self.name.removeprefix("shoal-")

    @property
    def rooms(self) -> set[str]:
        inside = f"usr/lib/{self.name}/"
        return {
            path.removeprefix(inside).partition("/")[0] for path in self.members if path.startswith(inside)
        }


def build(folder: Path, *words: str) -> None:
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1790000000"}
    command = [sys.executable, str(ROOT / "packaging/build_deb.py"), "--out", str(folder), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150, env=environ)
    assert done.returncode == 0, done.stdout + done.stderr


def unpack(file: Path, which: str) -> tuple[dict[str, tarfile.TarInfo], dict[str, bytes]]:
    data = subprocess.run(["dpkg-deb", which, file], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = {each.name.removeprefix("./").rstrip("/"): each for each in tar if each.name != "."}
        contents = {}
        for path, each in members.items():
            opened = tar.extractfile(each) if each.isfile() else None
            if opened is not None:
                contents[path] = opened.read()
    return members, contents


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("dist")
    build(made)
    return made


@pytest.fixture(scope="module", params=NAMES)
def deb(folder: Path, request: pytest.FixtureRequest) -> Deb:
    file = folder / f"{request.param}_{VERSION}_all.deb"
    said = subprocess.run(["dpkg-deb", "--field", file], check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(": ", 1) for line in said.splitlines() if not line.startswith(" "))
    control, scripts = unpack(file, "--ctrl-tarfile")
    members, contents = unpack(file, "--fsys-tarfile")
    found = {**contents, **{f"DEBIAN/{name}": data for name, data in scripts.items()}}
    return Deb(request.param, file, fields, members, found, control)


def test_control_fields(deb: Deb) -> None:
    assert (deb.fields["Package"], deb.fields["Version"]) == (deb.name, VERSION)
    assert deb.fields["Architecture"] == "all"
    assert not {"Pre-Depends", "Conflicts", "Replaces"} & deb.fields.keys()


def test_depends_are_what_setup_says(deb: Deb) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    known = {
        "pyzmq": "python3-zmq",
        "msgpack": "python3-msgpack",
        "PyNaCl": "python3-nacl",
        "psutil": "python3-psutil",
        "PyYAML": "python3-yaml",
        "Jinja2": "python3-jinja2",
    }
    lines = [line.partition(">=") for line in setup["options"]["install_requires"].split()]
    wanted = {f"{known[name]} (>= {least})" for name, _, least in lines}
    depends = set(deb.fields["Depends"].split(", "))
    assert wanted < depends
    extra = (
        {"python3 (>= 3.10)"}
        if deb.program == "minion"
        else {"python3 (>= 3.11)", "python3-markupsafe", "adduser"}
    )
    assert depends - wanted == extra
    if deb.program == "master":
        names = re.findall(r"^(\w+)", setup["options.extras_require"]["master"], re.MULTILINE)
        assert [
            name
            for name in names
            if f"usr/lib/{deb.name}/vendored/{name.lower()}/__init__.py" not in deb.members
        ] == []


def test_only_the_rooms_of_its_side_are_in_it(deb: Deb) -> None:
    rooms = {
        "minion": {"shoal", "pki", "modules", "states", "minion"},
        "master": {"shoal", "pki", "returners", "master", "vendored"},
    }
    assert deb.rooms == rooms[deb.program]


def test_every_source_file_of_these_rooms_is_in_it(deb: Deb) -> None:
    for room in deb.rooms - {"vendored"}:
        wanted = {str(path.relative_to(ROOT)) for path in (ROOT / room).rglob("*.py")}
        assert {path for path in wanted if f"usr/lib/{deb.name}/{path}" not in deb.members} == set()


def test_nothing_that_does_not_belong_on_a_box(deb: Deb) -> None:
    bad = re.compile(r"(\.pyc|/__pycache__|/tests?(/|$)|/testing/|\.so(\.|$)|\.dist-info)")
    assert [path for path in deb.members if bad.search(path)] == []
    assert [path for path, data in deb.contents.items() if data.startswith(b"\x7fELF")] == []


def test_owners_and_modes(deb: Deb) -> None:
    for path, each in {**deb.members, **deb.control}.items():
        runs = (
            path.startswith("usr/bin/")
            or path.endswith(".rtupdate")
            or path in ("postinst", "prerm", "postrm")
        )
        wanted = 0o755 if each.isdir() or runs else 0o644
        assert (path, each.uid, each.gid, oct(each.mode)) == (path, 0, 0, oct(wanted))
        assert each.isdir() or each.isfile()


def test_programs_are_those_of_setup(deb: Deb) -> None:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    lines = setup["options.entry_points"]["console_scripts"].split("\n")
    named = dict(re.split(" *= *", line) for line in lines if line)
    found = {
        path.removeprefix("usr/bin/"): data
        for path, data in deb.contents.items()
        if path.startswith("usr/bin/")
    }
    assert PROGRAMS[deb.name] <= found.keys()
    assert found.keys() == {name for name, where in named.items() if where.startswith(f"{deb.program}.")}
    for name, data in found.items():
        first, second, third = data.decode().splitlines()
        module, function = named[name].split(":")
        assert first == "#!/usr/bin/python3 -IB"
        assert second.startswith(f"import sys; sys.path[:0] = ['/usr/lib/{deb.name}'")
        assert third == f"from {module} import {function}; sys.exit({function}())"


def test_program_runs_from_the_package_and_nowhere_else(deb: Deb, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "-x", deb.file, tmp_path / "box"], check=True)
    trap = tmp_path / "trap"
    for package in ("shoal", deb.program):
        (trap / package).mkdir(parents=True)
        (trap / package / "__init__.py").write_text("raise SystemExit('trapped')")
    text = (
        (tmp_path / "box/usr/bin" / deb.name).read_text().replace("/usr/lib", str(tmp_path / "box/usr/lib"))
    )
    program = tmp_path / "program"
    program.write_text(text.replace("/usr/bin/python3", sys.executable))
    program.chmod(0o755)
    environ = {"PYTHONPATH": str(trap), "PATH": os.defpath}
    done = subprocess.run(
        [program, "--version"], cwd=trap, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{deb.name} {VERSION}\n", "")
    assert list((tmp_path / "box").rglob("__pycache__")) == []


def test_configuration_belongs_to_the_administrator(deb: Deb) -> None:
    assert deb.contents["DEBIAN/conffiles"] == f"/etc/shoal/{deb.program}\n".encode()
    in_etc = {path for path in deb.members if path.startswith("etc/shoal/")}
    assert in_etc == {f"etc/shoal/{name}" for name in (deb.program, f"{deb.program}.d", "pki")}


def test_sample_shows_every_key_with_its_default(deb: Deb, tmp_path: Path) -> None:
    sample = deb.contents[f"etc/shoal/{deb.program}"].decode()
    keys = re.findall(r"^#(\w+):", sample, re.MULTILINE)
    section = MasterConfig if deb.program == "master" else MinionConfig
    assert set(keys) == {name for name in section.__dataclass_fields__ if not name.startswith("_")}
    (tmp_path / "etc/shoal").mkdir(parents=True)
    file = tmp_path / "etc/shoal" / deb.program
    read = {
        "master": (Paths.for_master, read_master_config),
        "minion": (Paths.for_minion, read_minion_config),
    }
    paths, reader = read[deb.program]
    plain = reader(paths(str(tmp_path)))
    for text in (sample, re.sub(r"^#(\w+: .+)$", r"\1", sample, flags=re.MULTILINE)):
        file.write_text(text)
        made = reader(paths(str(tmp_path)))
        assert {
            key
            for key in keys
            if key not in ("file_roots", "pillar_roots") and getattr(made, key) != getattr(plain, key)
        } == set()


def test_scripts_are_plain_shell(deb: Deb, tmp_path: Path) -> None:
    for name in ("postinst", "prerm", "postrm"):
        script = deb.contents[f"DEBIAN/{name}"]
        assert script.startswith(b"#!/bin/sh\n")
        assert b"\nset -e\n" in script
        (tmp_path / name).write_bytes(script)
        subprocess.run(["sh", "-n", tmp_path / name], check=True)
        if shutil.which("shellcheck"):
            subprocess.run(["shellcheck", tmp_path / name], check=True)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_unit_is_understood(deb: Deb, tmp_path: Path) -> None:
    unit = tmp_path / f"{deb.name}.service"
    text = deb.contents[f"usr/lib/systemd/system/{unit.name}"].decode()
    unit.write_text(re.sub(r"^(ExecStart)=\S+", r"\1=/bin/true", text, flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


def test_licences_are_told(deb: Deb) -> None:
    told = deb.contents[f"usr/share/doc/{deb.name}/copyright"].decode()
    assert "License: Apache-2.0" in told
    for path in deb.members:
        if "/vendored/" in path and path.startswith("usr/lib") and path.count("/") == 4:
            assert f"Files: {path}" in told, path
    named = re.findall(r"\b(\w+\.LICENSE)\b", told)
    assert [name for name in named if f"usr/share/doc/{deb.name}/vendored/{name}" not in deb.members] == []


def test_two_packages_share_no_file(folder: Path) -> None:
    both = [unpack(folder / f"{name}_{VERSION}_all.deb", "--fsys-tarfile")[1].keys() for name in NAMES]
    assert both[0] & both[1] == set()


def test_same_sources_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        build(tmp_path)
    finally:
        os.umask(before)
    for file in folder.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes()


def test_version_that_is_asked_for_is_the_one_that_runs(tmp_path: Path) -> None:
    build(tmp_path, "--version", "9.8.7", "shoal-minion")
    (file,) = tmp_path.iterdir()
    _, contents = unpack(file, "--fsys-tarfile")
    assert file.name == "shoal-minion_9.8.7_all.deb"
    assert b'VERSION: Final = "9.8.7"' in contents["usr/lib/shoal-minion/shoal/version.py"]
