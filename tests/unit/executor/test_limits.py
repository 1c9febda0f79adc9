"""What is put on a job before its function begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from minion.executor import limits
from minion.executor.settings import ExecutorSettings


@pytest.mark.parametrize(("score", "after"), [("-500\n", "0"), ("0\n", "0\n"), ("300\n", "300\n")])
def test_job_is_not_sheltered_from_the_kernels_search_for_memory(
    score: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "oom_score_adj"
    file.write_text(score)
    monkeypatch.setattr(limits, "_OOM_SCORE", file)
    monkeypatch.setattr(limits, "_limit", lambda *_: None)  # this process goes on
    limits.apply(ExecutorSettings(minion_id="box"))
    assert file.read_text() == after
