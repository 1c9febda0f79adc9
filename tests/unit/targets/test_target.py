"""A target on the wire."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import WireError
from shoal.targets import KINDS, MAX_EXPR, Target
from shoal.wire import decode, encode


@pytest.mark.parametrize("kind", KINDS)
def test_target_survives_the_wire(kind: str) -> None:
    target = Target(kind=kind, expr="site|näme|*", delimiter="|")
    assert Target.from_wire(decode(encode(target.to_wire()), 1000)) == target


def test_delimiter_is_optional_on_the_wire() -> None:
    assert Target.from_wire({"kind": "glob", "expr": "*"}).delimiter == ":"


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "a map expected"),
        ({"expr": "*"}, "'kind' is missing"),
        ({"kind": "glob"}, "'expr' is missing"),
        ({"kind": "glob", "expr": 5}, "'expr' is a int"),
        ({"kind": "range", "expr": "*"}, "unknown kind 'range'"),
        ({"kind": "glob", "expr": "*", "delimiter": ""}, "delimiter is empty"),
        ({"kind": "glob", "expr": "*", "delimiter": ":" * 9}, "longer than 8"),
        ({"kind": "glob", "expr": "*" * (MAX_EXPR + 1)}, "longer than 65536"),
        ({"kind": "glob", "expr": "*", "more": 1}, "unknown field 'more'"),
    ],
)
def test_malformed_target_is_refused(value: Any, says: str) -> None:
    with pytest.raises(WireError, match=says):
        Target.from_wire(value)
