"""The context of the other modules' tests, with backups in the test's folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modules.context import Context


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def ctx(ctx: Context, cache: Path) -> Context:
    return replace(ctx, settings={**ctx.settings, "cachedir": str(cache)})
