"""What `shoal-cp` brings in one go: a list of files and folders, itself a content with a digest.

So a job names one digest, however many files there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from shoal.errors import WireError
from shoal.files.messages import FileInfo
from shoal.wire import decode, encode

MAX_PARCEL_FILES: Final = 20_000
MAX_PARCEL_BYTES: Final = 8 * 1024 * 1024


def pack_parcel(files: Sequence[FileInfo]) -> bytes:
    """Return the content that lists these. Raises WireError when it would be refused."""
    data = encode([info.to_wire() for info in files])
    read_parcel(data)
    return data


def read_parcel(data: bytes) -> tuple[FileInfo, ...]:
    """Check and read a list. Raises WireError."""
    values = decode(data, MAX_PARCEL_BYTES, MAX_PARCEL_FILES * 6 + 1)
    if not isinstance(values, list) or not 0 < len(values) <= MAX_PARCEL_FILES:
        raise WireError(f"1 to {MAX_PARCEL_FILES} files and folders can be brought at once")
    files = tuple(FileInfo.from_wire(value) for value in values)
    if any(not info.name for info in files):
        raise WireError("a file that is brought has a name")
    return files
