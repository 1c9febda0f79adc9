"""The head and the tail stay, the gap is counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.kept_output import KeptOutput


def kept(limit: int, *chunks: bytes) -> KeptOutput:
    output = KeptOutput(limit)
    for chunk in chunks:
        output.add(chunk)
    return output


@pytest.mark.parametrize(
    "chunks", [(b"0123456789",), (b"0", b"123456789"), (b"012345678", b"9"), (b"01234", b"56789")]
)
def test_output_that_fits_is_whole(chunks: tuple[bytes, ...]) -> None:
    output = kept(10, *chunks)
    assert (output.text(), output.cut) == ("0123456789", 0)


def test_gap_is_marked_with_its_size() -> None:
    output = kept(4, b"abc", b"defgh", b"ij")
    assert (output.text(), output.cut) == ("ab\n[... 6 bytes cut ...]\nij", 6)


def test_bytes_that_are_not_text_stay_visible() -> None:
    assert kept(100, b"a\xff\x00b").text() == "a\\xff\x00b"


def test_character_that_arrives_in_two_pieces_is_whole() -> None:
    assert kept(100, b"\xc3", b"\xa4").text() == "ä"


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(0, 60))
def test_no_byte_is_lost_without_being_counted(chunks: list[bytes], limit: int) -> None:
    output = kept(limit, *chunks)
    total = sum(map(len, chunks))
    assert output.cut == max(0, total - limit)
