"""`match.*` asks the same evaluator as the master, with this box's facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shoal.errors import TargetError

Ask = Callable[[str], Any]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("match.glob 'web*'", True),
        ("match.glob 'db*'", False),
        ("match.glob 'db*' db1", True),
        ("match.pcre 'web[0-9]'", True),
        ("match.pcre 'web[0-9]' minion_id=db1", False),
        ("match.list db1,web1", True),
        ("match.list [db1,web1]", False),  # a target expression, not a list
        ("match.grain os:Deb*", True),
        ("match.grain 'os|Deb*' delimiter='|'", True),
        ("match.grain os:Arch", False),
        ("match.grain_pcre 'os:(Debian|Ubuntu)'", True),
        ("match.pillar role:w*", True),
        ("match.pillar deep:list:b", True),
        ("match.pillar_pcre 'role:(db|mail)'", False),
        ("match.ipcidr 10.1.2.0/24", True),
        ("match.ipcidr 10.1.3.0/24", False),
        ("match.tag site:north", True),
        ("match.tag site:south", False),
        ("match.compound 'G@os:Debian and not db*'", True),
        ("match.compound 'N@north and I@role:web'", True),
        ("match.compound 'web1' minion_id=db1", False),
        ('match.filter_by \'{"db*": 1, "web*": 2}\'', 2),
        ('match.filter_by \'{"db*": 1, "default": 3}\'', 3),
        ("match.filter_by '{\"db*\": 1}'", None),
        ("match.filter_by '{\"web*\": {\"a\": 1}}' merge='{b: 2}'", {"a": 1, "b": 2}),
        ("match.filter_by '{\"os:Debian\": 1}' tgt_type=grain", 1),
        ('match.search_by \'{"a": ["db*", "web*"], "b": ["x"], "c": ["G@os:Debian"]}\'', ["a", "c"]),
        ('match.search_by \'{"a": ["db*"]}\'', None),
    ],
)
def test_value(ask: Ask, line: str, value: Any) -> None:
    assert ask(line) == value


@pytest.mark.parametrize(
    "line", ["match.pcre '['", "match.compound 'G@os:Debian and'", "match.ipcidr nonsense"]
)
def test_expression_that_cannot_be_read_is_an_error(ask: Ask, line: str) -> None:
    with pytest.raises(TargetError):
        ask(line)
