"""Fixtures with real executor processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.executor.probe_module import SOURCE
from tests.integration.executor.rig import Rig, settings


def _rig(place: Path) -> Rig:
    folder = place / "modules"
    folder.mkdir()
    (folder / "probe.py").write_text(SOURCE)
    return Rig(settings(folder), place / "x.sock")


def _end(rig: Rig) -> None:
    if hasattr(rig, "client"):
        rig.down()
    rig.loop.close()


@pytest.fixture
def cold(tmp_path: Path) -> Iterator[Rig]:
    """A rig that is not up yet; whatever it starts is ended."""
    rig = _rig(tmp_path)
    yield rig
    _end(rig)


@pytest.fixture
def rig(cold: Rig) -> Rig:
    """A rig with an executor that answers."""
    return cold.up()


@pytest.fixture(scope="module")
def module_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig with an executor that answers, for all tests of a module."""
    rig = _rig(tmp_path_factory.mktemp("rig")).up()
    yield rig
    _end(rig)
