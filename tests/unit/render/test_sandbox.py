"""Templates stay in their sandbox and within bounds (attack 22)."""

from __future__ import annotations

import pytest

from shoal.errors import RenderError
from shoal.render.rendering import Rendering
from tests.unit.render.world import GRAINS, World

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''|attr('__class__') }}",
    "{{ {}.__class__.__base__.__subclasses__() }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0[__class__]}'.format(grains) }}",
    "{{ '{x.__class__}'.format_map({'x': 1}) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "{{ '{0.__class__}'|method_call('format', 1) }}",
    "{{ 'a'|method_call('__class__') }}",
    "{{ [1]|map('method_call', '__class__')|list }}",
    "{{ salt['grains.get'].__globals__ }}",
    "{{ salt['grains.get'].__code__ }}",
    "{{ salt.grains.get.__globals__ }}",
    "{{ salt._functions }}",
    "{{ salt.grains._functions }}",
    "{{ grains._data }}",
    "{{ grains.__deepcopy__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace(a=1).__class__ }}",
    "{{ joiner(',').__call__ }}",
    "{{ raise.__globals__ }}",
    "{{ (1, 2)|groupby('__class__') }}",
    "{{ [1, 2]|sort(attribute='__class__') }}",
    "{{ [{}]|sum(attribute='__class__') }}",
    "{% for a in [1] recursive %}{{ loop.__class__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m.__init__ }}",
    "{{ open('/etc/passwd') }}",
    "{{ salt['cmd.run']('id') }}",
    "{{ salt.cmd.run('id') }}",
    "{{ 'sh'|which }}",
    "{{ '/etc/passwd'|file_hashsum }}",
    "{{ '/etc'|list_files }}",
    "{{ 'http://127.0.0.1'|http_query }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../etc/passwd' %}",
    "{% import_text 'salt://../../etc/shadow' as x %}{{ x }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_way_out_is_refused(template: str) -> None:
    with pytest.raises(RenderError) as caught:
        World().text(template)
    assert str(caught.value).startswith("/srv/t.sls:")
    assert "\n" not in str(caught.value)


HARMLESS_LOOKING = [
    ("{{ [1]|map(attribute='__class__')|list }}", "[Undefined]"),
    ("{{ ['x']|map('attr', '__class__')|list }}", "[Undefined]"),
]


@pytest.mark.parametrize(("template", "text"), HARMLESS_LOOKING)
def test_attribute_of_the_inside_is_undefined(template: str, text: str) -> None:
    assert World().text(template) == text


BOMBS = [
    "{{ range(10 ** 9)|list }}",
    "{{ 'a' * 10 ** 9 }}",
    "{{ [0] * 10 ** 9 }}",
    "{{ (2 ** 1000) ** (2 ** 20) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%*d' % (10 ** 9, 1) }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ '{:>{}}'.format(1, 10 ** 9) }}",
    "{{ 'a'.ljust(10 ** 9) }}",
    "{{ 'a'|center(10 ** 9) }}",
    "{{ 'a'|indent(10 ** 9) }}",
    "{{ ('a\n' * 100000)|indent(10000) }}",
    "{{ 1|round(10 ** 9, 'ceil') }}",
    "{{ 'x'.replace('', 'y' * 4000000) }}",
    "{{ ('x' * 100000)|replace('x', 'y' * 100000) }}",
    "{{ ''.join(['a' * 100000] * 100000) }}",
    "{{ (['a' * 100000] * 100000)|join }}",
    "{{ lipsum(n=1000000) }}",
    "{{ range(100)|permutations(10)|list }}",
    "{{ '10.0.0.0/8'|network_hosts }}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% include 'loop.jinja' %}",
    "{% import_yaml 'loop.jinja' as x %}",
    "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = '%s%s' % (ns.x, ns.x) %}{% endfor %}",
    "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
    "{% set l = [1] %}{% for i in range(60) %}{% do l.extend(l) %}{% endfor %}",
    "{% set l = [] %}{% do l.append(l) %}{{ l|json }}",
    "{{ ('a' * 40)|regex_match('(a+)+$') }}",
    "{{ ('a' * 40)|regex_search('(a|ab)*c') }}",
    "{% if 'a' * 40 is match('(a+)+$') %}{% endif %}",
]


@pytest.mark.parametrize("template", BOMBS)
def test_bomb_ends_in_an_error(template: str) -> None:
    world = World({"loop.jinja": "{% include 'loop.jinja' %}"})
    with pytest.raises(RenderError) as caught:
        world.text(template)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize(
    "template",
    [
        "{% set r = range(1000) %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}",
        (
            "{% macro m() %}{% endmacro %}{% set r = range(600) %}{% for a in r %}{% for b in r %}{{ m() }}{% endfor %}"
            "{% endfor %}"
        ),
    ],
)
def test_turns_are_counted(template: str) -> None:
    with pytest.raises(RenderError, match="takes more than 500000 turns of loops and calls"):
        World().text(template)


def test_time_is_looked_at_on_the_way() -> None:
    late = Rendering(deadline=0.0)
    with pytest.raises(RenderError, match="takes longer than 10 s"):
        for _ in range(1000):
            late.step()


def test_what_is_written_is_counted_wherever_it_goes() -> None:
    template = (
        "{% set x = 'a' * 4000000 %}{% set y %}{% for i in range(100) %}{{ x }}{% endfor %}{% endset %}"
    )
    with pytest.raises(RenderError, match="writes more than 67108864 characters"):
        World().text(template)


def test_data_is_not_rendered_again() -> None:
    world = World()
    world.variables["evil"] = "{{ 1 + 1 }}{% raise %}"
    assert world.text("{{ evil }}") == "{{ 1 + 1 }}{% raise %}"
    assert world.data("a: {{ evil | json }}\n") == {"a": "{{ 1 + 1 }}{% raise %}"}


def test_template_changes_only_its_own_copy() -> None:
    assert World().text("{% do grains.roles.append('x') %}{{ grains.roles }}") == "['edge', 'x']"
    assert GRAINS["roles"] == ["edge"]
    with pytest.raises(RenderError, match="has no key 'update'"):
        World().text("{% do grains.update({'os': 'x'}) %}")


FINE = [
    ("{{ 20000|round(1) }}", "20000"),
    ("{{ '%d'|format(20000) }}", "20000"),
    ("{{ '{:>5}|{}'.format(1, 20000) }}", "    1|20000"),
    ("{{ 'a'|indent(4, true) }}", "    a"),
    ("{{ 'aa bb'|wordwrap(2) }}", "aa\nbb"),
    ("{{ 'a' ~ 1 ~ none }}", "a1None"),
    ("{{ 2 ** 10 }} {{ 3 * 'ab' }} {{ [1] + [2] }} {{ 7 % 4 }} {{ 'x' + 'y' }}", "1024 ababab [1, 2] 3 xy"),
    ("{{ ['a', 'b']|join('-') }} {{ 'aXa'.replace('X', '') }} {{ 'a-b'|replace('-', '+') }}", "a-b aa a+b"),
    ("{% for i in range(3) if i != 1 %}{{ loop.index }}{{ i }}{% endfor %}", "1022"),
    ("{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}{{ i }}{% endfor %}", "01"),
    ("{% macro m(a) %}[{{ a }}]{{ caller() }}{% endmacro %}{% call m(1) %}x{% endcall %}", "[1]x"),
]


@pytest.mark.parametrize(("template", "text"), FINE)
def test_what_is_in_bounds_works(template: str, text: str) -> None:
    assert World().text(template) == text
