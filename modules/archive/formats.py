"""Tells by a file's first bytes what it is; its name has no say."""

from __future__ import annotations

from typing import Any, Final, Literal

from shoal.errors import ModuleError

Packing = Literal["tar", "gz", "bz2", "xz", "zst", "zip"]
_MAGIC: Final[tuple[tuple[bytes, Packing], ...]] = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),  # an empty one
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
)
HEAD_BYTES: Final = 512
SUFFIXES: Final[dict[str, Packing]] = {
    ".gz": "gz",
    ".tgz": "gz",
    ".bz2": "bz2",
    ".tbz2": "bz2",
    ".tbz": "bz2",
    ".xz": "xz",
    ".txz": "xz",
    ".zst": "zst",
    ".tzst": "zst",
    ".zip": "zip",
}


def recognise(head: bytes, path: str) -> Packing:
    """Return what begins with `head`. Raises ModuleError for anything else."""
    for magic, packing in _MAGIC:
        if head.startswith(magic):
            return packing
    if _is_tar(head):
        return "tar"
    raise ModuleError(
        f"{path} is no archive that can be read here: tar, tar.gz, tar.bz2, tar.xz, tar.zst or zip"
    )


def _is_tar(head: bytes) -> bool:
    """Say whether the first block is a tar header (its sum is right) or the end mark of an empty archive."""
    if len(head) < HEAD_BYTES:
        return False
    if not head.strip(b"\0"):
        return True
    try:
        stated = int(head[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return stated == sum(head[:148]) + 8 * 32 + sum(head[156:HEAD_BYTES])


def full_name(packing: Packing) -> str:
    """Return `tar.gz` for `gz` and so on."""
    return packing if packing in ("tar", "zip") else f"tar.{packing}"


def packer(packing: Packing, target: Any) -> Any:
    """Return a file object that packs what is written to it into `target`. Not for zst and zip."""
    if packing == "gz":
        import gzip  # each of these only for the archive that needs it

        return gzip.GzipFile(fileobj=target, mode="wb")
    if packing == "bz2":
        import bz2

        return bz2.BZ2File(target, "wb")
    if packing == "xz":
        import lzma

        return lzma.LZMAFile(target, "wb")
    return target
