"""A folder for one job's own use: private, with a name that nobody can guess, and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def scratch_folder(what: str) -> Iterator[str]:
    """Give the path of a new folder (0700). Raises OSError."""
    import tempfile  # with shutil it brings bz2, lzma and random: 1.3 MiB that the waiting executor does without

    with tempfile.TemporaryDirectory(prefix=f"shoal-{what}-") as folder:
        yield folder
