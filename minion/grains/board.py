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
        "serialnumber": sources.text(f"{_TREE}/serial-number"),
        **_maker_and_product(model, board),
    }
    return {grain: value for grain, value in grains.items() if value}


def _maker_and_product(model: str, board: str) -> dict[str, str]:
    # The specification wants `vendor,model`; most boards write a sentence here.
    vendor, comma, product = model.partition(",")
    if comma and vendor and " " not in vendor:
        return {"manufacturer": vendor, "productname": product.strip()}
    return {"manufacturer": board.partition(",")[0], "productname": model}
