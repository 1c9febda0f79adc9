"""`salt[…]` in templates that know no box but its facts."""

from __future__ import annotations

import pytest

from shoal.errors import RenderError
from tests.unit.render.world import World

CASES = [
    ("salt['grains.get']('ip:v4')", "10.0.0.1"),
    ("salt.grains.get('nope', 'd')", "d"),
    ("salt['grains.item']('os')", "{'os': 'Debian'}"),
    ("salt['grains.has_value']('os'), salt['grains.has_value']('x')", "(True, False)"),
    ("salt['grains.equals']('os', 'Debian')", "True"),
    ("salt['grains.filter_by']({'Debian': 1, 'default': 2})", "1"),
    ("salt['pillar.get']('app:ports:0')", "80"),
    ("salt['pillar.get']('app', {'name': 'x', 'more': 1}, merge=true)", "{'name': 'shop', 'more': 1, 'ports': [80]}"),
    ("salt['pillar.get']('nope')", ""),
    ("salt['tags.get']('site')", "paris"),
    ("salt['config.get']('id'), salt['config.get']('os'), salt['config.get']('number')", "('box', 'Debian', 42)"),
    ("salt['match.glob']('b*'), salt['match.grain']('os:Deb*'), salt['match.tag']('site:rome')",
     "(True, True, False)"),
    ("salt['match.compound']('N@all and T@site:paris')", "True"),
    ("salt['slsutil.merge']({'a': {'b': 1}}, {'a': {'c': 2}})", "{'a': {'b': 1, 'c': 2}}"),
    ("salt['slsutil.merge']({'a': {'b': 1}}, {'a': {'c': 2}}, strategy='overwrite')", "{'a': {'c': 2}}"),
    ("salt['slsutil.merge_all']([{'a': 1}, {'b': 2}])", "{'a': 1, 'b': 2}"),
    ("salt['slsutil.update']({'a': [1]}, {'a': [2]}, merge_lists=true)", "{'a': [1, 2]}"),
    ("salt['defaults.update']({'a': {'x': 1}}, {'y': 2})", "{'a': {'y': 2, 'x': 1}}"),
    ("'pillar.get' in salt, 'cmd.run' in salt", "(True, False)"),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "text"), CASES, ids=[case[0][:50] for case in CASES])
def test_function(expression: str, text: str) -> None:
    assert World().text("{% set x = " + expression + " %}{{ x }}") == text


def test_unknown_strategy_is_refused() -> None:
    with pytest.raises(RenderError, match="no strategy 'best'; there are smart, recurse"):
        World().text("{{ salt['slsutil.merge']({}, {}, strategy='best') }}")


def test_merged_in_place_as_in_salt() -> None:
    template = "{% set d = {'a': {'b': 1}} %}{% do salt['defaults.merge'](d, {'a': {'c': 2}}) %}{{ d }}"
    assert World().text(template) == "{'a': {'b': 1, 'c': 2}}"
