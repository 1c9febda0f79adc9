"""The Debian packages on real Debian machines with systemd: installed, upgraded, restarted, removed. Needs root."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.lab.nspawn import TOOLS, Machine, base_tree, eventually, machines

ROOT: Final = Path(__file__).resolve().parents[2]
NEWER: Final = "99.0.0"
NEWEST: Final = "99.1.0"
VOLATILE: Final = re.compile(  # what apt and systemd write by themselves, and backups of user lists
    r"var/(log|lib/dpkg|lib/apt|cache|lib/systemd|tmp)/|(etc|var/backups)/(passwd|group|g?shadow|subu?g?id)-|root/|tmp/"
    r"|etc/machine-id|etc/systemd/system/[^/]+\.wants/?$|run/"
)
pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, TOOLS)), reason=f"needs root and {', '.join(TOOLS)}"
    ),
]
OF_UNIT: Final = "grep -ls '/shoal-minion.service$' /proc/[0-9]*/cgroup | cut -d/ -f3"


@dataclass(frozen=True, slots=True)
class Debs:
    """Built packages by version."""

    folder: Path

    def file(self, name: str, version: str) -> Path:
        return self.folder / f"{name}_{version}_all.deb"


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Debs:
    folder = tmp_path_factory.mktemp("debs")
    for version in ("0.1.0", NEWER, NEWEST):
        build = [
            sys.executable,
            str(ROOT / "packaging/build_deb.py"),
            "--version",
            version,
            "--out",
            str(folder),
        ]
        subprocess.run(build, check=True, capture_output=True, timeout=300)
    return Debs(folder)


@pytest.fixture(scope="module")
def base(debs: Debs) -> Path:
    try:
        return base_tree([debs.file(name, "0.1.0") for name in ("shoal-minion", "shoal-master")])
    except RuntimeError as error:
        pytest.skip(f"no Debian tree can be made here: {error}")


@dataclass(frozen=True, slots=True)
class Fleet:
    """A master, a box that has joined it, and how the box was before."""

    master: Machine
    box: Machine
    before: dict[str, str]

    def start(self, words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.master.words(f"shoal box --out=json --static {words}"), stdout=subprocess.PIPE, text=True
        )

    def answers(self) -> bool:
        return "True" in self.master.sh("shoal box test.ping", ok=None)


def install(machine: Machine, deb: Path) -> None:
    machine.put(deb)
    machine.sh(f"DEBIAN_FRONTEND=noninteractive apt-get install -q -y /root/{deb.name}")


def advertise(hub: Machine) -> None:
    """Tell a master that is still to be installed under which address boxes reach it."""
    (hub.tree / "etc/shoal/master.d").mkdir(parents=True)
    (hub.tree / "etc/shoal/master.d/address.conf").write_text("advertise: [10.77.0.1]\n")


def join(master: Machine, box: Machine) -> None:
    """As the manual says: a string from the master, typed on the box."""
    said = json.loads(master.sh("shoal-run token.create site=here --out=json"))
    box.sh(f"echo '{said['join']}' | shoal-minion join --id box - && systemctl start shoal-minion")
    eventually(lambda: "True" in master.sh("shoal box test.ping", ok=None), "the box answers")


@pytest.fixture(scope="module")
def fleet(debs: Debs, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with machines(tmp_path_factory.mktemp("machines"), base, ["hub", "box"]) as made:
        hub, box = made["hub"], made["box"]
        advertise(hub)
        install(hub, debs.file("shoal-master", "0.1.0"))
        install(box, debs.file("shoal-minion", "0.1.0"))
        before = {
            word: box.sh(f"systemctl show -P {word} shoal-minion").strip()
            for word in ("ActiveState", "ConditionResult", "NRestarts", "UnitFileState")
        }
        join(hub, box)
        yield Fleet(hub, box, before)


def result(job: subprocess.Popen[str]) -> Any:
    out, _ = job.communicate(timeout=120)
    return json.loads(out)["box"]


def test_box_without_a_join_string_waits_quietly(fleet: Fleet) -> None:
    assert fleet.before == {
        "ActiveState": "inactive",
        "ConditionResult": "no",
        "NRestarts": "0",
        "UnitFileState": "enabled",
    }


def test_daemons_run_as_they_should(fleet: Fleet) -> None:
    assert fleet.answers()
    assert fleet.master.sh("stat -c %U:%a /run/shoal/master/master.sock /etc/shoal/pki/master").split() == [
        "shoal:600",
        "shoal:700",
    ]
    assert fleet.master.sh("stat -c %U /proc/$(systemctl show -P MainPID shoal-master)").strip() == "shoal"
    assert fleet.box.sh("stat -c %U /proc/$(systemctl show -P MainPID shoal-minion)").strip() == "root"
    exposure = fleet.master.sh("systemd-analyze security shoal-master | tail -n 1")
    assert float(exposure.split(":")[1].split()[0]) < 2.0, exposure
    as_shoal = "setpriv --reuid=shoal --regid=shoal --clear-groups"
    assert "True" in fleet.master.sh(f"{as_shoal} shoal box test.ping")
    assert "Not allowed" in fleet.master.sh(f"{as_shoal.replace('shoal', 'nobody', 1)} shoal-key", ok=False)
    fleet.master.sh("systemctl reload shoal-master")
    assert fleet.answers()


def test_nothing_of_the_callers_python_gets_in(fleet: Fleet) -> None:
    trap = "import os; os.write(2, b'TRAPPED')\n"
    folder = fleet.box.tree / "root/trap"
    folder.mkdir()
    for name in ("yaml", "zmq", "shoal", "minion", "usercustomize", "sitecustomize", "argparse"):
        (folder / f"{name}.py").write_text(trap)
    for given in (
        "PYTHONPATH=/root/trap",
        "PYTHONHOME=/root/trap",
        "PYTHONSTARTUP=/root/trap/yaml.py PYTHONINSPECT=1",
    ):
        said = fleet.box.sh(f"cd /root/trap && {given} shoal-call --local test.ping 2>&1")
        assert (said.split(), "TRAPPED" in said) == (["local:", "True"], False)


def running(fleet: Fleet, mark: str) -> subprocess.Popen[str]:
    """Start a job that notes each of its starts and waits for a file; return once it runs."""
    script = f"echo ran >>/root/{mark}; while [ ! -e /root/{mark}.go ]; do sleep 0.1; done; echo done {mark}"
    job = fleet.start(f"cmd.run '{script}'")
    eventually(lambda: (fleet.box.tree / "root" / mark).exists(), "the job begins")
    return job


def finish(fleet: Fleet, job: subprocess.Popen[str], mark: str) -> None:
    (fleet.box.tree / f"root/{mark}.go").touch()
    assert result(job) == f"done {mark}"
    assert (fleet.box.tree / "root" / mark).read_text() == "ran\n"


def test_job_runs_on_while_its_daemon_is_restarted_and_killed(fleet: Fleet) -> None:
    job = running(fleet, "restarted")
    fleet.box.sh("systemctl restart shoal-minion")
    eventually(fleet.answers, "the restarted box answers")
    fleet.box.sh("kill -9 $(systemctl show -P MainPID shoal-minion)")
    eventually(
        lambda: fleet.box.sh("systemctl show -P NRestarts shoal-minion").strip() == "1",
        "systemd starts it again",
    )
    eventually(fleet.answers, "the killed box answers")
    finish(fleet, job, "restarted")
    assert fleet.box.sh("systemctl is-active shoal-minion").strip() == "active"


def test_killed_executor_is_started_from_the_package(fleet: Fleet) -> None:
    fleet.box.sh("kill -9 $(grep -lx shoal-executor /proc/[0-9]*/comm | cut -d/ -f3)")
    eventually(fleet.answers, "the box answers")
    program = fleet.box.sh(
        "cat $(grep -lx shoal-executor /proc/[0-9]*/comm | sed s/comm/cmdline/) | tr '\\0' ' '"
    )
    assert program.startswith("/usr/bin/python3 -I -B -c ")
    assert " /usr/lib/shoal-minion " in program


def test_upgrade_while_a_job_runs(fleet: Fleet, debs: Debs) -> None:
    job = running(fleet, "upgraded")
    install(fleet.box, debs.file("shoal-minion", NEWER))
    eventually(fleet.answers, "the upgraded box answers")
    finish(fleet, job, "upgraded")
    assert NEWER in fleet.master.sh("shoal box test.version")
    install(fleet.master, debs.file("shoal-master", NEWER))
    eventually(fleet.answers, "the upgraded master gets an answer")
    compiled = "find /usr/lib/shoal-minion -name '*.pyc' | sort"
    before = fleet.box.sh(compiled)
    assert "/__pycache__/" in before
    fleet.box.sh("/usr/share/python3/runtime.d/shoal-minion.rtupdate rtupdate python3.11 python3.11")
    assert fleet.box.sh(compiled) == before


def test_box_that_is_upgraded_by_a_job_tells_how_it_went(fleet: Fleet, debs: Debs) -> None:
    fleet.box.put(debs.file("shoal-minion", NEWEST))
    job = fleet.start(f"cmd.run 'dpkg -i /root/shoal-minion_{NEWEST}_all.deb'")
    assert "Setting up shoal-minion" in result(job)
    eventually(lambda: NEWEST in fleet.master.sh("shoal box test.version", ok=None), "the new minion answers")


def test_box_is_back_after_a_reboot(fleet: Fleet) -> None:
    fleet.box.reboot()
    eventually(fleet.answers, "the rebooted box answers")
    fleet.master.reboot()
    eventually(fleet.answers, "the rebooted master gets an answer")


def look(tree: Path) -> dict[str, str]:
    """Return every path, with the contents of files in /etc."""
    found = {}
    for folder, names, files in os.walk(tree):
        for name in [*names, *files]:
            path = Path(folder, name)
            inside = str(path.relative_to(tree))
            is_setting = inside.startswith("etc/") and path.is_file() and not path.is_symlink()
            if not VOLATILE.match(inside) or ("shoal" in inside and not inside.startswith("root/")):
                found[inside] = hashlib.sha256(path.read_bytes()).hexdigest() if is_setting else ""
    return found


def test_purge_of_both_leaves_nothing(debs: Debs, base: Path, tmp_path: Path) -> None:
    with machines(tmp_path, base, ["both"]) as made:
        both = made["both"]
        before = look(both.tree)
        advertise(both)
        install(both, debs.file("shoal-master", "0.1.0"))
        install(both, debs.file("shoal-minion", "0.1.0"))
        join(both, both)
        both.sh("shoal box cp.list_master; shoal box grains.set role hub", ok=None)
        job = subprocess.Popen(
            both.words("shoal box cmd.run 'echo ran >>/root/ran; sleep 600'"), stdout=subprocess.DEVNULL
        )
        eventually((both.tree / "root/ran").exists, "a job runs")
        both.sh("apt-get remove -q -y shoal-minion")
        assert both.sh(OF_UNIT).split() == []
        job.kill()
        job.wait()
        key = both.tree / "etc/shoal/pki/minion/minion.key"
        kept = key.read_bytes()
        install(both, debs.file("shoal-minion", NEWER))
        eventually(lambda: "True" in both.sh("shoal box test.ping", ok=None), "the box is the same one")
        assert key.read_bytes() == kept
        both.sh("apt-get purge -q -y shoal-minion")
        assert "shoal-master" in both.sh(
            "systemctl is-active shoal-master && ls /etc/shoal/pki && echo shoal-master"
        )
        both.sh("apt-get purge -q -y shoal-master")
        assert both.sh("ls -d /run/shoal* /etc/systemd/system/*/shoal* 2>&1", ok=None).count("No such") == 2
        assert both.sh("getent passwd shoal", ok=None) == ""
        after = look(both.tree)
        changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
        assert changed == set()
