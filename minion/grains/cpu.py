"""The processors: how many are online, what they are, what they can do."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_READ: Final = 64 * 1024  # one core is enough; the file of a large server is long and slow to make
# ARM kernels print numbers where x86 prints a name (Arm MIDR: implementer, part).
_CORES: Final = {
    ("0x41", "0xb76"): "ARM1176",
    ("0x41", "0xc07"): "Cortex-A7",
    ("0x41", "0xc08"): "Cortex-A8",
    ("0x41", "0xc09"): "Cortex-A9",
    ("0x41", "0xc0f"): "Cortex-A15",
    ("0x41", "0xd01"): "Cortex-A32",
    ("0x41", "0xd03"): "Cortex-A53",
    ("0x41", "0xd04"): "Cortex-A35",
    ("0x41", "0xd05"): "Cortex-A55",
    ("0x41", "0xd07"): "Cortex-A57",
    ("0x41", "0xd08"): "Cortex-A72",
    ("0x41", "0xd09"): "Cortex-A73",
    ("0x41", "0xd0a"): "Cortex-A75",
    ("0x41", "0xd0b"): "Cortex-A76",
    ("0x41", "0xd0c"): "Neoverse-N1",
    ("0x41", "0xd0d"): "Cortex-A77",
    ("0x41", "0xd40"): "Neoverse-V1",
    ("0x41", "0xd41"): "Cortex-A78",
    ("0x41", "0xd42"): "Cortex-A78AE",
    ("0x41", "0xd44"): "Cortex-X1",
    ("0x41", "0xd46"): "Cortex-A510",
    ("0x41", "0xd47"): "Cortex-A710",
    ("0x41", "0xd49"): "Neoverse-N2",
    ("0x41", "0xd4f"): "Neoverse-V2",
    ("0x4e", "0x003"): "Denver 2",
    ("0x4e", "0x004"): "Carmel",
    ("0x51", "0x800"): "Kryo 2XX Gold",
    ("0x51", "0x801"): "Kryo 2XX Silver",
}


def collect(sources: Sources) -> dict[str, Any]:
    """Return `num_cpus`, `cpu_model` and `cpu_flags`."""
    cores = _cores(sources.text("proc/cpuinfo", _READ))
    online = _count(sources.text("sys/devices/system/cpu/online"))
    flags = next((core[key] for core in cores for key in ("flags", "Features", "isa") if key in core), "")
    return {
        "num_cpus": online or sum("processor" in core for core in cores) or 1,
        "cpu_model": _model(cores),
        "cpu_flags": flags.split(),
    }


def _cores(text: str) -> list[dict[str, str]]:
    blocks = []
    for block in text.split("\n\n"):
        pairs = (line.partition(":") for line in block.splitlines())
        blocks.append({key.strip(): value.strip() for key, colon, value in pairs if colon})
    return blocks


def _model(cores: list[dict[str, str]]) -> str:
    for key in ("model name", "Processor", "cpu model", "uarch"):
        for core in cores:
            if core.get(key):
                return core[key]
    parts = [(core["CPU implementer"], core["CPU part"]) for core in cores if "CPU part" in core]
    # A board with two kinds of cores names both, in the kernel's order.
    names = dict.fromkeys(_CORES.get(part, " ".join(part)) for part in parts)
    return " + ".join(names) or "Unknown"


def _count(ranges: str) -> int:
    """Return how many numbers a list such as `0-3,6` stands for."""
    total = 0
    for part in filter(None, ranges.split(",")):
        low, _, high = part.partition("-")
        total += int(high or low) - int(low) + 1
    return total
