"""Where a content lies in a folder of contents: what writes it there and what reads it agree here."""

from __future__ import annotations

from pathlib import Path


def path_in(folder: Path, digest: bytes) -> Path:
    """Return where a content is in a cache folder."""
    name = digest.hex()
    return folder / name[:2] / name
