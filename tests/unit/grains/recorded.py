"""Recorded boxes (`boxes/*.yaml`): files, uname and addresses, and the grains that must come of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from minion.grains.netlink import Address
from minion.grains.sources import Sources

BOXES = Path(__file__).parent / "boxes"
NAMES = sorted(path.stem for path in BOXES.glob("*.yaml"))
UNAME = ["Linux", "box", "6.1.0", "#1 SMP", "aarch64"]


def load(name: str) -> dict[str, Any]:
    """Return the case as data."""
    return yaml.safe_load((BOXES / f"{name}.yaml").read_text())


def distributions() -> list[dict[str, str]]:
    """Return os-release files with the grains that must come of them."""
    return yaml.safe_load((Path(__file__).parent / "distributions.yaml").read_text())


def build(case: dict[str, Any], root: Path) -> Sources:
    """Write the box's files under `root` and return sources that read them."""
    for path, text in case.get("files", {}).items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode("latin-1"))
    for path, target in case.get("links", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)
    addresses = [Address(interface=i, version=v, text=t) for i, v, t in case.get("addresses", [])]
    return Sources(
        root=root,
        environ=case.get("environ", {}),
        uname=os.uname_result(case.get("uname", UNAME)),
        addresses=lambda: addresses,
    )
