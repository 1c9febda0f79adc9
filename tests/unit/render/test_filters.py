"""Filters beside those that recorded answers cover: one line each, and their errors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shoal.errors import RenderError
from shoal.render.filters import FILTERS
from shoal.render.filters.machine import MACHINE_FILTERS
from tests.unit.render.world import World

CASES = [
    ("'random'|uuid", "3652b285-26ad-588e-a5dc-c2ee65edc804"),
    ("'a'|md5", "0cc175b9c0f1b6a831c399e269772661"),
    ("('a'|sha1|length, 'a'|sha256|length, 'a'|sha512|length)", "(40, 64, 128)"),
    ("'get salted'|base64_encode", "Z2V0IHNhbHRlZA=="),
    ("'Z2V0IHNhbHRlZA=='|base64_decode", "get salted"),
    ("'get salted'|hmac('shared secret', 'eBWf9bstXg+NiP5AOwppB5HMvZiYMPzEM9W5YMm/AmQ=')", "True"),
    ("'get salted'|hmac('shared secret', 'eBWf')", "False"),
    ("'get salted'|hmac_compute('shared secret')",
     "78159ff5bb2d5e0f8d88fe403b0a690791ccbd989830fcc433d5b960c9bf0264"),
    ("'x'|to_bytes", "b'x'"),
    ("[1, [2, [3, none]]]|flatten", "[1, 2, 3]"),
    ("[1, [2, [3, none]]]|flatten(levels=1, preserve_nulls=true)", "[1, 2, [3, None]]"),
    ("[1, 2]|intersect([2, 3])", "[2]"),
    ("[1, 2]|difference([2, 3])", "[1]"),
    ("[1, 2]|symmetric_difference([2, 3])", "[1, 3]"),
    ("[1, 2]|compare_lists([2, 3])", "{'old': [1], 'new': [3]}"),
    ("'a'|sequence", "['a']"),
    ("['a']|sequence", "['a']"),
    ("[1, 2]|zip([3, 4])", "[(1, 3), (2, 4)]"),
    ("[1, 2, 3]|combinations(2)", "[(1, 2), (1, 3), (2, 3)]"),
    ("[1, 2]|product([3])", "[(1, 3), (2, 3)]"),
    ("'xyz'|is_hex", "False"),
    ("'0xabcd'|is_hex", "True"),
    ("[1, 2, 3]|is_sorted", "True"),
    ("'a b'|contains_whitespace", "True"),
    ("'abc'|substring_in_list(['xabcy'])", "True"),
    ("5|check_whitelist_blacklist(whitelist=[5, 6, 7])", "True"),
    ("'web-1'|check_whitelist_blacklist(whitelist='web*', blacklist='web-2')", "True"),
    ("'web-2'|check_whitelist_blacklist(whitelist='web*', blacklist='web-2')", "False"),
    ("'10.0.0.1'|is_ip", "True"),
    ("'10.0.0.256'|is_ip", "False"),
    ("'::1'|is_ipv6, '::1'|is_ipv4", "(True, False)"),
    ("['10.0.0.1', '8.8.8.8', '127.0.0.1']|ipaddr('loopback')", "['127.0.0.1']"),
    ("['10.0.0.1', '8.8.8.8']|ipv4('global')", "['8.8.8.8']"),
    ("'10.0.0.1'|ipaddr('nonsense')", "None"),
    ("'::1'|ipwrap, '1.2.3.4'|ipwrap", "('[::1]', '1.2.3.4')"),
    ("5|human_to_bytes, '2G'|human_to_bytes, '1KB'|human_to_bytes(handle_metric=true)", "(5, 2147483648, 1000)"),
    ("'5'|str_to_num, '5.5'|to_num, 'x'|to_num", "(5, 5.5, 'x')"),
    ("'abcd'|regex_search('b(c)')", "('c',)"),
    ("'abcd'|regex_search('x')", "None"),
    ("'yes, this is a TEST'|regex_replace(' ([a-z])', '__\\\\1', ignorecase=true)", "yes,__this__is__a__TEST"),
    ("'a.b'|regex_escape", "a\\.b"),
    ("'x' is match('X', ignorecase=true)", "True"),
    ("'x' is equalto 'x'", "True"),
    ("[1] is list, 'a' is list", "(True, False)"),
    ("1457456400|date_format('%Y')", "2016"),
    ("'2002/12/25'|strftime('%y')", "02"),
    ("'2026-11-21'|strftime", "2026-11-21"),
    ("'a'|yaml_squote, 'a\"'|yaml_dquote", "(\"'a'\", '\"a\\\\\"\"')"),
    ("'yes'|yaml_encode, 1|yaml_encode, true|yaml_encode", "(\"'yes'\", '1', 'true')"),
    ("{'a': [1]}|yaml", "{a: [1]}"),
    ("{'a': [1]}|yaml(false)", "a:\n- 1"),
    ("{'b': 1, 'a': 'é'}|json", '{"a": "é", "b": 1}'),
    ("pillar|json", '{"app": {"name": "shop", "ports": [80]}, "number": 42}'),
    ("{'a': 1}|dict_to_sls_yaml_params", "- a: 1"),
    ("{'a': {'b': 1}}|set_dict_key_value('a:c', 2)", "{'a': {'b': 1, 'c': 2}}"),
    ("{'a': [1]}|append_dict_key_value('a', 2)", "{'a': [1, 2]}"),
    ("{}|extend_dict_key_value('a:b', [1, 2])", "{'a': {'b': [1, 2]}}"),
    ("{'a': {'b': 1}}|update_dict_key_value('a', {'c': 2})", "{'a': {'b': 1, 'c': 2}}"),
    ("'aBc'|method_call('lower')", "abc"),
    ("'x'|skip", ""),
    ("['a', 'b', 'c']|random_shuffle(seed='x') == ['a', 'b', 'c']|random_shuffle(seed='x')", "True"),
    ("{'r': {'i': [{'n': 1}, {'n': 2}], 't': 'x'}}|xml",
     '<?xml version="1.0" ?>\n<r t="x">\n <i n="1"/>\n <i n="2"/>\n</r>\n'),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "text"), CASES, ids=[case[0][:50] for case in CASES])
def test_filter(expression: str, text: str) -> None:
    assert World().text("{% set x = " + expression + " %}{{ x }}") == text


REFUSED = [
    ("'(x'|regex_match('(x')", "regular expression '(x' cannot be read"),
    ("{'a': 1}|append_dict_key_value('a', 2)", "'a' holds no list to append to"),
    ("{'a': 1}|set_dict_key_value('a:b', 2)", "'a' in 'a:b' is no map"),
    ("'soon'|date_format", "'soon' is no date that can be read"),
    ("[1]|yaml_encode", "yaml_encode is for single values"),
    ("[1]|random_sample(2)", "random_sample: 2 items of 1"),
    ("'zz'|mac_str_to_bytes", "'zz' is no MAC address"),
    ("range|json", "type has no JSON form|function has no JSON form"),
    ("[]|avg", "division by zero"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED, ids=[case[0][:50] for case in REFUSED])
def test_filter_says_what_it_cannot_do(expression: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        World().text("{{ " + expression + " }}")
    assert re.search(message.replace("(", "\\("), str(caught.value)), caught.value


def test_filters_of_chance_are_not_the_same_twice() -> None:
    world = World()
    for expression in ("''|gen_mac", "9|random_hash", "9999999|rand_str", "range(99)|list|random_shuffle"):
        assert len({world.text("{% set x = " + expression + " %}{{ x }}") for _ in range(20)}) > 1, expression


def test_filters_of_the_machine_are_asked_each_time(tmp_path: Path) -> None:
    world = World(filters=MACHINE_FILTERS)
    template = "{{ '" + str(tmp_path) + "'|list_files|length }}"
    assert world.text(template) == "1"
    (tmp_path / "more").touch()
    assert world.text(template) == "2"


def test_useful_filters_of_salt_are_there() -> None:
    wanted = {
        "text": "contains_whitespace path_join quote skip to_bytes to_camelcase to_snake_case uuid",
        "yes or no": "check_whitelist_blacklist exactly_n_true exactly_one_true is_hex is_iter is_sorted to_bool",
        "lists": "avg compare_lists difference flatten intersect sequence sorted_ignorecase symmetric_difference union",
        "maps": "append_dict_key_value compare_dicts extend_dict_key_value method_call traverse update_dict_key_value",
        "digests": "base64_decode base64_encode hmac md5 sha1 sha256 sha512",
        "network": "ip_host ipaddr ipv4 ipv6 is_ip is_ipv4 is_ipv6 mac_str_to_bytes network_hosts network_size",
        "data": "json python tojson xml yaml yaml_dquote yaml_encode yaml_squote mysql_to_dict",
        "patterns": "regex_escape regex_match regex_replace regex_search",
        "numbers": "human_to_bytes str_to_num to_num",
        "chance": "gen_mac rand_str random_hash random_sample random_shuffle",
        "time": "date_format strftime",
    }
    assert [name for names in wanted.values() for name in names.split() if name not in FILTERS] == []
