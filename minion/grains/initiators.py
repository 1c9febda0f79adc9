"""What the box is called on storage networks: iSCSI, NVMe over fabrics, Fibre Channel."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_FC: Final = "sys/class/fc_host"


def collect(sources: Sources) -> dict[str, Any]:
    """Return `iscsi_iqn`, `nvme_nqn` and `fc_wwn`, those that there are."""
    found = {
        "iscsi_iqn": [
            line.partition("=")[2].strip()
            for line in sources.text("etc/iscsi/initiatorname.iscsi").splitlines()
            if line.startswith("InitiatorName=")
        ],
        "nvme_nqn": [
            line.strip() for line in sources.text("etc/nvme/hostnqn").splitlines() if line.startswith("nqn.")
        ],
        "fc_wwn": [sources.text(f"{_FC}/{name}/port_name") for name in sources.names(_FC)],
    }
    return {grain: names for grain, names in found.items() if any(names)}
