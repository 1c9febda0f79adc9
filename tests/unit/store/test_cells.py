from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from master.store.cells import pack_ids, pack_value, plain_text, unpack_ids, unpack_value
from shoal.errors import StoreError

IDS = st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,30}", fullmatch=True), max_size=50)


@given(IDS)
def test_ids_come_back_in_their_order(ids: list[str]) -> None:
    assert unpack_ids(pack_ids(ids), "job 1") == tuple(ids)


def test_ten_thousand_ids_are_one_small_cell() -> None:
    assert len(pack_ids([f"box-{n:05d}.site{n % 40}.example.net" for n in range(10_000)])) < 50_000


@pytest.mark.parametrize("cell", [b"", b"no zlib", pack_ids(["a", "b"])[:-3]])
def test_damaged_ids_are_reported_with_their_place(cell: bytes) -> None:
    with pytest.raises(StoreError, match="job 1 is damaged in the database"):
        unpack_ids(cell, "job 1")


@pytest.mark.parametrize("cell", [b"", b"\xc1", b"\x81\x01\x02"])
def test_damaged_value_is_reported_with_its_place(cell: bytes) -> None:
    with pytest.raises(StoreError, match="setting x is damaged in the database"):
        unpack_value(cell, "setting x")


def test_value_is_packed_and_unpacked() -> None:
    assert unpack_value(pack_value({"a": [1, None, b"\x00"]}), "x") == {"a": [1, None, b"\x00"]}


def test_nul_is_left_out_of_text() -> None:
    assert plain_text("a\0b\0") == "ab"
