"""Which board this is, from the device tree (ARM and RISC-V boards)."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_TREE: Final = "proc/device-tree"
_VIRTUAL_VENDORS: Final = ("linux", "qemu")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `board` (its first compatible name), `soc`, `model`, and Salt's names for the same.

    The `compatible` property goes from the board to its chip: `raspberrypi,4-model-b`, `brcm,bcm2711`.
    """
    compatible = sources.strings(f"{_TREE}/compatible")
    model = sources.text(f"{_TREE}/model")
    if not model and not compatible:
        return {}
    board = compatible[0] if compatible else ""
    vendor, comma, chip = compatible[-1].partition(",") if compatible else ("", "", "")
    grains = {
        "board": board,
        "soc": chip if comma and vendor not in _VIRTUAL_VENDORS else "",
        "model": model,
        "serialnumber": _serial(sources),
        **_maker_and_product(model, board),
    }
    return {grain: value for grain, value in grains.items() if value}


def _serial(sources: Sources) -> str:
    """Return what the boot loader wrote into the tree, else what the chip's driver or an old kernel tells."""
    if serial := sources.first_text(f"{_TREE}/serial-number", "sys/devices/soc0/serial_number"):
        return serial
    lines = (line.partition(":") for line in sources.text("proc/cpuinfo").splitlines())
    told = next((value.strip() for name, _, value in lines if name.strip() == "Serial"), "")
    return told if told.strip("0") else ""


def _maker_and_product(model: str, board: str) -> dict[str, str]:
    # The specification wants `vendor,model`; most boards write a sentence here.
    vendor, comma, product = model.partition(",")
    if comma and vendor and " " not in vendor:
        return {"manufacturer": vendor, "productname": product.strip()}
    return {"manufacturer": board.partition(",")[0], "productname": model}
