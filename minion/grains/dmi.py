"""What the firmware's DMI tables say (PCs, servers, boards with UEFI)."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_FOLDER: Final = "sys/class/dmi/id"
_FILES: Final = {
    "biosversion": "bios_version",
    "biosvendor": "bios_vendor",
    "biosreleasedate": "bios_date",
    "boardname": "board_name",
    "productname": "product_name",
    "manufacturer": "sys_vendor",
    "uuid": "product_uuid",
    "serialnumber": "product_serial",
}
# What vendors leave in the fields they forgot.
_NOTHING: Final = frozenset(
    ("none", "n/a", "default string", "not specified", "not applicable", "unknown", "invalid",
     "to be filled by o.e.m.", "o.e.m.", "system product name", "system manufacturer", "system serial number",
     "base board product name", "0", "00000000", "0123456789", "1234567890")
)  # fmt: skip


def collect(sources: Sources) -> dict[str, Any]:
    """Return `bios*`, `manufacturer`, `product*`, `serialnumber`, `uuid`, `boardname`, `board`, `model`."""
    grains = {grain: value(sources, file) for grain, file in _FILES.items()}
    grains["uuid"] = grains["uuid"].lower()
    grains["board"] = grains["boardname"]
    grains["model"] = grains["productname"]
    return {grain: text for grain, text in grains.items() if text}


def value(sources: Sources, file: str) -> str:
    """Return one DMI field, or nothing where the vendor left a placeholder."""
    text = sources.text(f"{_FOLDER}/{file}")
    return "" if text.lower() in _NOTHING else text
