"""Answers of web servers become values: by their kind, bounded, and nothing in them is fetched or built."""

from __future__ import annotations

from typing import Any

import pytest

from modules.http.decode import decode, kind_of
from shoal.errors import ModuleError


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("application/json", "json"),
        ("application/problem+json; charset=utf-8", "json"),
        ("text/yaml", "yaml"),
        ("application/x-yaml", "yaml"),
        ("text/xml", "xml"),
        ("application/atom+xml", "xml"),
        ("text/plain", "plain"),
        ("", "plain"),
    ],
)
def test_kind_is_told_by_the_content_type(content_type: str, expected: str) -> None:
    assert kind_of(content_type) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("yaml", "a: [1, yes]\nb: x", {"a": [1, True], "b": "x"}),
        ("xml", "<r><a>1</a><b><c>x</c></b><a>2</a><e/></r>", {"a": ["1", "2"], "b": {"c": "x"}, "e": ""}),
        ("xml", '<?xml version="1.0"?><n:r xmlns:n="u"><n:a k="v"> ä </n:a></n:r>', {"a": "ä"}),
        ("xml", "<r>only text</r>", {"r": "only text"}),
        ("plain", "<r>", "<r>"),
    ],
)
def test_text_is_decoded(kind: Any, text: str, expected: Any) -> None:
    assert decode(text, kind) == expected


ENTITIES = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r>&b;</r>'
EXTERNAL = '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r>&f;</r>'


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("json", "{", "no json"),
        ("json", "[" * 100_000, "no json"),
        ("json", "[" * 60 + "]" * 60, "too deep"),
        ("yaml", "a: [", "no yaml"),
        ("yaml", "a: &a [x]\nb: [*a, *a]", "aliases"),
        ("yaml", "!!python/object/apply:os.system [id]", "no yaml"),
        ("xml", ENTITIES, "document type"),
        ("xml", EXTERNAL, "document type"),
        ("xml", "<a>" * 100, "too deep"),
        ("xml", "<a>", "no xml"),
    ],
)
def test_text_that_would_grow_or_is_broken_is_refused(kind: Any, text: str, said: str) -> None:
    with pytest.raises(ModuleError, match=said):
        decode(text, kind)
