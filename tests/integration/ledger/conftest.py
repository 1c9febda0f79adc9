"""A ledger in an empty folder, and a way to open it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from minion.ledger import Ledger, open_ledger

Reopen = Callable[[], Ledger]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def reopen(path: Path) -> Iterator[Reopen]:
    """Open the ledger as a minion does after a restart; the one before is closed."""
    opened: list[Ledger] = []

    def again() -> Ledger:
        if opened:
            opened.pop().close()
        opened.append(open_ledger(path, max_bytes=100_000, max_tombstones=50))
        return opened[0]

    yield again
    if opened:
        opened.pop().close()


@pytest.fixture
def ledger(reopen: Reopen) -> Ledger:
    return reopen()
