"""Results are cut to fit, and stay valid."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minion.executor.trim import pack_value
from shoal.wire import decode, encode

LIMIT = 4096


@pytest.mark.parametrize("value", [None, True, 0, "text", {"a": [1, 2, {"b": "c"}]}, "x" * (LIMIT - 3)])
def test_small_values_are_untouched(value: Any) -> None:
    packed, trimmed = pack_value(value, LIMIT)
    assert decode(packed, LIMIT) == value
    assert trimmed == 0


def test_text_keeps_its_ends_and_says_what_is_gone() -> None:
    text = "BEGIN" + "m" * 10_000 + "END"
    packed, trimmed = pack_value(text, LIMIT)
    cut = decode(packed, LIMIT)
    assert cut.startswith("BEGIN") and cut.endswith("END")
    assert trimmed == len(encode(text)) - len(packed)
    gone = int(cut.split("[... ")[1].split()[0])
    note = cut[cut.index("\n[...") : cut.index("...]\n") + 5]
    assert len(cut) - len(note) == len(text) - gone
    assert len(packed) > LIMIT - 200  # no more is cut than must be


def test_more_of_the_end_is_kept_than_of_the_beginning() -> None:
    cut = decode(pack_value("a" * 5000 + "b" * 5000, LIMIT)[0], LIMIT)
    assert cut.count("b") > 2 * cut.count("a")


def test_characters_are_not_torn() -> None:
    for limit in range(1024, 1032):
        decode(pack_value("ü€𝄞" * 1000, limit)[0], limit)


def test_longest_texts_go_first_and_short_ones_stay() -> None:
    value = {"retcode": 1, "stdout": "o" * 50_000, "stderr": "e" * 1500, "tags": ["t" * 200] * 3}
    cut = decode(pack_value(value, LIMIT)[0], LIMIT)
    assert cut["retcode"] == 1
    assert cut["stderr"] == value["stderr"]
    assert cut["tags"] == value["tags"]
    assert "bytes trimmed here" in cut["stdout"]


def test_several_long_texts_are_cut_to_one_length() -> None:
    value = [letter * 3000 for letter in "abc"] + ["d" * 9000]
    cut = decode(pack_value(value, LIMIT)[0], LIMIT)
    lengths = [len(text) for text in cut]
    assert max(lengths) - min(lengths) <= 2
    assert all("bytes trimmed here" in text for text in cut)


@pytest.mark.parametrize("value", [list(range(10_000)), {str(n): n for n in range(5000)}, ["x" * 250] * 100])
def test_what_has_no_long_text_is_replaced_by_an_explanation(value: Any) -> None:
    packed, trimmed = pack_value(value, LIMIT)
    size = len(encode(value))
    assert trimmed == size
    assert f"{size} bytes, more than the {LIMIT}" in decode(packed, LIMIT)


def test_long_keys_are_not_cut() -> None:
    assert "more than the" in decode(pack_value({"k" * 9000: 1}, LIMIT)[0], LIMIT)


_values = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=3000) | st.binary(max_size=3000),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=50), inner, max_size=8),
    max_leaves=20,
)


@given(_values)
def test_whatever_comes_fits_and_can_be_read(value: Any) -> None:
    packed, trimmed = pack_value(value, 1024)
    assert len(packed) <= 1024
    decode(packed, 1024)
    assert trimmed >= 0
