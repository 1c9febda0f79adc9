"""Pieces of files on their way to the master, and lists of files: what is malformed is refused before it is used."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import WireError
from shoal.files.messages import FileInfo
from shoal.files.parcel import MAX_PARCEL_FILES, pack_parcel, read_parcel
from shoal.files.piece import MAX_PIECE_BYTES, PUSH_BYTES, Arrived, Piece
from shoal.messages import VERBS, request
from shoal.wire import Fields, encode

GOOD: dict[str, Any] = {"name": "etc/hosts", "digest": bytes(32), "size": 10, "at": 4, "data": b"abcdef"}


def read(**changes: Any) -> Piece:
    return Piece.from_fields(Fields({**GOOD, **changes}, "piece"))


def test_piece_comes_back_as_it_was() -> None:
    assert read().to_wire() == GOOD


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../x"}, {"name": "/etc/x"}, {"name": "a\0b"}, {"name": "a/../../b"}, {"name": "a\\b"}, {"name": b"a"},
        {"digest": b""}, {"digest": bytes(33)}, {"size": -1}, {"size": 9}, {"at": -1}, {"at": 5}, {"at": 2**60},
        {"data": "text"}, {"size": 2**30, "data": bytes(MAX_PIECE_BYTES + 1)}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_malformed_piece_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read(**changes)


def test_largest_piece_with_the_longest_name_fits_its_verb() -> None:
    data = bytes(PUSH_BYTES)
    body = {**GOOD, "n": 2**53, "name": "€" * 1024, "size": 2**40, "at": 2**39, "data": data}
    assert len(request("push", body)) <= VERBS["push"].max_bytes


def test_answer_comes_back_as_it_was() -> None:
    assert Arrived.from_wire(Arrived(at=7, whole=True).packed()) == Arrived(at=7, whole=True)
    for bad in (b"", encode([7, True]), encode({"at": -1, "whole": True}), encode({"at": 1}), bytes(1000)):
        with pytest.raises(WireError):
            Arrived.from_wire(bad)


def test_list_of_files_comes_back_as_it_was() -> None:
    infos = (FileInfo(name="a"), FileInfo(name="a/b", digest=bytes(32), size=3, mode=0o755))
    assert read_parcel(pack_parcel(infos)) == infos


@pytest.mark.parametrize(
    "value", [[], {}, [["../x", bytes(32), 1, 0o644, ""]], [["", b"", 0, 0, ""]], [["a", b"short", 1, 0, ""]],
              [["a", b"", 0, 0, ""]] * (MAX_PARCEL_FILES + 1)], ids=lambda value: str(value)[:30]
)  # fmt: skip
def test_malformed_list_is_refused(value: Any) -> None:
    with pytest.raises(WireError):
        read_parcel(encode(value))
