"""Cases of `sysctl`, `ssh_auth`, `ssh_known_hosts` and `mount`, as far as they need no box but a folder.

What they and `user`, `group`, `service`, `pkg`, `pkgrepo`, `cron` and `kmod` do to more than that is tried in
`tests/unit/states`, on boxes in a box, by the same contract.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.states.contract import ROOT, Case, nothing
from tests.unit.modules.ssh_home import A, B

FILE = f"{ROOT}/file"
RAM: dict[str, Any] = {"device": "tmpfs", "fstype": "tmpfs", "mount": False, "config": FILE}


def keys(root: Path) -> None:
    (root / "file").write_text(f"# mine\nno-pty ssh-ed25519 {A} me\nodd line")
    (root / "file").chmod(0o640)


def hosts(root: Path) -> None:
    (root / "file").write_text(
        f"# mine\na.example.org,10.0.0.1 ssh-ed25519 {A}\nb.example.org ssh-ed25519 {B}\n"
    )


def fstab(root: Path) -> None:
    (root / "file").write_text("# mine\n/dev/sda1  /  ext4  defaults 0 1\ntmpfs /m tmpfs size=1m 0 0\n")
    (root / "file").chmod(0o600)


def key(name: str, fun: str, key: str, changes: bool = True, **args: Any) -> Case:
    args = {"name": key, "user": "root", "config": FILE, **args}
    return Case(name=name, fun=f"ssh_auth.{fun}", args=args, prepare=keys, changes=changes)


def host(name: str, fun: str, host: str, changes: bool = True, prepare: Any = hosts, **args: Any) -> Case:
    args = {"name": host, "config": FILE, **args}
    return Case(name=name, fun=f"ssh_known_hosts.{fun}", args=args, prepare=prepare, changes=changes)


CASES = [
    key("new key", "present", B),
    key("other options", "present", A),
    key("as it is", "present", f"no-pty ssh-ed25519 {A} me", changes=False),
    key("there", "absent", A),
    key("not there", "absent", B, changes=False),
    key("others go", "manage", "keys", ssh_keys=[f"ssh-ed25519 {B} b"]),
    host("no file", "present", "c.example.org", prepare=nothing, key=A),
    host("new host", "present", "c.example.org", key=A),
    host("other key", "present", "a.example.org", key=B),
    host("as it is", "present", "b.example.org", changes=False, key=B),
    host("among others", "absent", "10.0.0.1"),
    host("not known", "absent", "c.example.org", changes=False),
    Case(
        name="value that runs already",
        fun="sysctl.present",
        args={"name": "kernel.ostype", "value": "Linux", "config": f"{ROOT}/sysctl.d/a.conf"},
    ),
    Case(name="entry of fstab", fun="mount.mounted", args={"name": "/n", **RAM}, prepare=fstab),
    Case(name="other options in fstab", fun="mount.mounted", args={"name": "/m", **RAM}, prepare=fstab),
    Case(
        name="as it is in fstab",
        fun="mount.mounted",
        args={"name": "/m", "opts": "size=1m", **RAM},
        prepare=fstab,
        changes=False,
    ),
    Case(
        name="out of fstab",
        fun="mount.unmounted",
        args={"name": "/m", "persist": True, "config": FILE},
        prepare=fstab,
    ),
]
