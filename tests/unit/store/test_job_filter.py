from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from master.store import JobFilter
from master.store.job_filter import _like

LETTERS = "ab_%\\*?[]!-."


@given(st.text(LETTERS, max_size=6), st.text(LETTERS, max_size=6))
def test_like_never_hides_what_the_glob_matches(word: str, glob: str) -> None:
    if fnmatchcase(word, glob):
        with ENGINE.connect() as connection:
            query = text("SELECT :word LIKE :like ESCAPE '\\'")
            assert connection.execute(query, {"word": word, "like": _like(glob)}).scalar() == 1


ENGINE = create_engine("sqlite://")


@pytest.fixture(autouse=True, scope="module")
def _closed():  # type: ignore[no-untyped-def]
    yield
    ENGINE.dispose()


def test_ids_are_not_unpacked_when_the_expression_fits() -> None:
    def ids() -> list[str]:
        raise AssertionError("asked")

    assert JobFilter(search_target="web*").fits("test.ping", "web1", {}, ids)
    assert JobFilter().fits("test.ping", "web1", {}, ids)


def test_no_condition_without_a_wish() -> None:
    assert JobFilter().conditions() == []
