"""Debian machines of our own, on a wire of their own: a debootstrapped tree each, booted with systemd-nspawn.

The tree they are copied from is made once and kept in SHOAL_LAB_CACHE (~/.cache/shoal-lab): from the mirror that this
machine's own apt uses. Needs root. Machines are ended by their process number; their mounts are in their own namespace.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

TOOLS: Final = ("debootstrap", "systemd-nspawn", "nsenter", "ip", "apt-get", "dpkg-deb")
SUITE: Final = "bookworm"
_INCLUDE: Final = "systemd,systemd-sysv,dbus"
_PATIENCE_S: Final = 60.0
_WANTS_REBOOT: Final = 133  # what systemd-nspawn ends with
_ENVIRONMENT: Final = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8"]
_ENTER_CGROUPS: Final = 'for group in $1; do echo $$ >"$group/cgroup.procs"; done; shift; exec "$@"'
_FILL: Final = """
set -e
tree=$1
shift
mount -t proc proc "$tree/proc" # gone with this script's namespace
cp /etc/resolv.conf /etc/hosts "$tree/etc/"
printf '#!/bin/sh\\nexit 101\\n' >"$tree/usr/sbin/policy-rc.d"
chmod +x "$tree/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
chroot "$tree" apt-get update -q
chroot "$tree" apt-get install -q -y --no-install-recommends "$@"
rm "$tree/usr/sbin/policy-rc.d"
: >"$tree/etc/hosts"
"""


def base_tree(debs: list[Path]) -> Path:
    """Return a Debian tree with what `debs` depend on, made at the first call. Raises RuntimeError."""
    depends = (_do("dpkg-deb", "--field", str(deb), "Depends") for deb in debs)
    needs = sorted({each.split()[0] for line in depends for each in line.split(",")})
    cache = Path(os.environ.get("SHOAL_LAB_CACHE") or Path.home() / ".cache/shoal-lab")
    tree = cache / SUITE
    listed = cache / f"{SUITE}.packages"
    if tree.is_dir() and listed.exists() and set(needs) <= set(listed.read_text().split()):
        return tree
    fresh = cache / f"{SUITE}.new"
    for old in (fresh, tree):
        shutil.rmtree(old, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    _do("debootstrap", "--variant=minbase", f"--include={_INCLUDE}", SUITE, str(fresh), mirror())
    _do("unshare", "--mount", "sh", "-c", _FILL, "sh", str(fresh), *needs)
    fresh.rename(tree)
    listed.write_text("\n".join(needs))
    return tree


def mirror() -> str:
    """Return the address of Debian's archive that this machine's apt uses. Raises RuntimeError."""
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    for line in _do(*words).splitlines():
        uri, _, release = line.partition(" ")
        if release == SUITE and "security" not in uri:
            return uri
    raise RuntimeError(f"this machine's apt has no source for {SUITE}")


def _do(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-1500:]}")
    return done.stdout


def eventually(true: Callable[[], object], what: str) -> None:
    """Wait until `true()` is; fail with `what` and its last value when patience is over."""
    end = time.monotonic() + _PATIENCE_S
    while not (last := true()):
        assert time.monotonic() < end, f"{what}: {last!r}"
        time.sleep(0.2)


class Machine:
    """One booted Debian."""

    def __init__(self, name: str, tree: Path, network: str) -> None:
        self.name = name
        self.tree = tree
        (tree / "etc/hostname").write_text(f"{name}\n")
        self._words = [
            *("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--console=pipe"),
            *(f"--directory={tree}", f"--machine={name}", f"--network-namespace-path=/run/netns/{network}"),
        ]
        self._groups = [mount / f"{network}-cgroup" for mount in _cgroup_mounts()]
        for group in self._groups:
            group.mkdir()

    def boot(self) -> None:
        """Switch it on, and wait for it."""
        null = subprocess.DEVNULL
        enter = ["sh", "-c", _ENTER_CGROUPS, "sh", " ".join(map(str, self._groups)), *self._words]
        self._nspawn = subprocess.Popen(enter, stdin=null, stdout=null, stderr=null)
        eventually(
            lambda: self.sh("systemctl is-system-running", ok=None).strip() in ("running", "degraded"),
            f"{self.name} boots",
        )

    @property
    def leader(self) -> int:
        """Its first process, as this machine counts."""
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def words(self, command: str) -> list[str]:
        """Return the words that run a shell command in there, as root."""
        enter = ["nsenter", "--target", str(self.leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        return [*enter, "env", "-i", *_ENVIRONMENT, "sh", "-c", command]

    def sh(self, command: str, ok: bool | None = True) -> str:
        """Run a shell command in there; `ok` says whether it must end well (None: either)."""
        done = subprocess.run(
            self.words(command), capture_output=True, text=True, check=False, timeout=_PATIENCE_S * 2
        )
        if ok is not None:
            assert (done.returncode == 0) is ok, f"{self.name}: {command}\n{done.stdout}{done.stderr}"
        return done.stdout if ok is not False else done.stdout + done.stderr

    def put(self, file: Path) -> None:
        """Lay a file into its /root."""
        shutil.copy(file, self.tree / "root" / file.name)

    def reboot(self) -> None:
        """Shut down, boot again, and wait for it."""
        self.sh("systemctl --no-block reboot")
        assert self._nspawn.wait(timeout=_PATIENCE_S) == _WANTS_REBOOT
        self.boot()

    def end(self) -> None:
        """Pull the plug."""
        if self._nspawn.poll() is None and (leader := self.leader):
            os.kill(leader, signal.SIGKILL)
        self._nspawn.wait(timeout=_PATIENCE_S)
        for group in self._groups:
            for folder, _names, _files in os.walk(group, topdown=False):
                with suppress(OSError):  # somebody is still on the way out
                    Path(folder).rmdir()


def _cgroup_mounts() -> list[Path]:
    """Return where systemd keeps its tree. Machines in one cgroup would take each other's processes for their own."""
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [Path(line[1]) for line in lines if line[2] == "cgroup2" or "name=systemd" in line[3].split(",")]


@contextmanager
def machines(folder: Path, base: Path, names: list[str]) -> Iterator[dict[str, Machine]]:
    """Boot copies of `base` on one wire: 10.77.0.1 and so on, in the order of their names."""
    tag = f"shoal-{secrets.token_hex(3)}-"
    spaces = [f"{tag}{name}" for name in names]
    made: dict[str, Machine] = {}
    try:
        for space in [*spaces, tag]:
            _do("ip", "netns", "add", space)
        _do("ip", "-n", tag, "link", "add", "wire", "type", "bridge")
        _do("ip", "-n", tag, "link", "set", "wire", "up")
        for number, (name, space) in enumerate(zip(names, spaces, strict=True), 1):
            _plug(tag, space, number)
            _do("cp", "-a", "--reflink=auto", str(base), str(folder / name))
            made[name] = Machine(name, folder / name, space)
            made[name].boot()
        yield made
    finally:
        for machine in made.values():
            machine.end()
        for space in [*spaces, tag]:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)
        for name in names:
            shutil.rmtree(folder / name, ignore_errors=True)


def _plug(wire: str, space: str, number: int) -> None:
    port = f"port{number}"
    _do(*f"ip -n {wire} link add {port} type veth peer name eth0 netns {space}".split())
    _do(*f"ip -n {wire} link set {port} master wire up".split())
    _do(*f"ip -n {space} addr add 10.77.0.{number}/24 dev eth0".split())
    for link in ("eth0", "lo"):
        _do(*f"ip -n {space} link set {link} up".split())
