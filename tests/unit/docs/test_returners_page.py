"""The tables of options in docs/returners.md are those of the code."""

from __future__ import annotations

import pytest

from returners.contract import ReturnerOptions
from returners.directory import kind_of
from returners.sql import _table
from shoal.config.describe import describe
from tests.unit.docs.pages import ROOT, table

PAGE = "docs/returners.md"
COMMON = {row.key for row in describe(ReturnerOptions)}


@pytest.mark.parametrize("heading", ["Configure", "jsonl", "sql", "webhook", "memory"])
def test_options_are_those_of_the_code(heading: str) -> None:
    own = heading != "Configure"
    rows = describe(kind_of(heading).Options) if own else describe(ReturnerOptions)
    assert table(PAGE, heading) == [
        [f"`{row.key}`", row.doc, row.kind, row.default] for row in rows if not own or row.key not in COMMON
    ]


def test_columns_of_the_table_are_those_of_the_code() -> None:
    told = (ROOT / PAGE).read_text("utf-8").partition("Its columns: ")[2].partition("A return that is")[0]
    assert [each for each in told.split("`")[1::2] if each != "send_arguments"] == [
        column.name for column in _table("t").columns
    ]
