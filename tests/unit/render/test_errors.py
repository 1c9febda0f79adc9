"""Errors of templates name file, line, the way there and the near name."""

from __future__ import annotations

import pytest

from shoal.errors import RenderError
from shoal.render.names import place_variables, resolve_relative, sls_files
from tests.unit.render.world import World

FILES = {
    "macros.jinja": "{% macro port(app) %}\n{{ app.prot }}\n{% endmacro %}\n",
    "middle.jinja": "\n\n{% include 'bad.jinja' %}\n",
    "bad.jinja": "x\n{{ 1 / 0 }}\n",
    "broken.jinja": "a\n{% for x in %}\n",
    "bad.yaml": "a: 1\na: 2\n",
    "bad.json": '{"a": 1,\n "a" 2}',
}
CASES = [
    ("a: {{ nothing }}\n", "/srv/t.sls:1: the variable 'nothing' is undefined"),
    ("\n{{ grians.os }}\n", "/srv/t.sls:2: the variable 'grians' is undefined; did you mean 'grains'?"),
    ("{{ pillar.ap.x }}", "/srv/t.sls:1: the map has no key 'ap': undefined; did you mean 'app'?"),
    ("{{ pillar['app']['nam'] }}", "/srv/t.sls:1: the map has no key 'nam': undefined; did you mean 'name'?"),
    ("{{ grains.os.nope }}", "/srv/t.sls:1: str has no 'nope': undefined"),
    ("a\n{% if %}\n", "/srv/t.sls:2: Jinja syntax error: Expected an expression, got 'end of statement block'"),
    ("{{ 1|nope }}", "/srv/t.sls:1: Jinja syntax error: No filter named 'nope'."),
    ("{{ raise('stop here') }}", "/srv/t.sls:1: stop here"),
    ("{% include 'gone.jinja' %}", "/srv/t.sls:1: there is no file 'gone.jinja' to include"),
    ("{{ salt['pilar.get']('a') }}",
     "/srv/t.sls:1: there is no function 'pilar.get' for templates here; did you mean 'pillar.get'?"),
    ("\n{% include 'middle.jinja' %}",
     "/srv/bad.jinja:2: ZeroDivisionError: division by zero (from /srv/middle.jinja:3, from /srv/t.sls:2)"),
    ("{% from 'macros.jinja' import port %}\n\n{{ port({'port': 1}) }}",
     "/srv/macros.jinja:2: the map has no key 'prot': undefined; did you mean 'port'? (from /srv/t.sls:3)"),
    ("x\n{% include 'broken.jinja' %}",
     ("/srv/broken.jinja:2: Jinja syntax error: Expected an expression, got 'end of statement block'"
     " (from /srv/t.sls:2)")),
    ("{% import_yaml 'bad.yaml' as x %}", "/srv/bad.yaml:2: duplicate key 'a' (first on line 1) (from /srv/t.sls:1)"),
    ("{% import_json 'bad.json' as x %}", "/srv/bad.json:2: not JSON: Expecting ':' delimiter (from /srv/t.sls:1)"),
    ("\n{% load_yaml as x %}\na: b: c\n{% endload %}",
     ("/srv/t.sls: block of line 2:2: a ':' where none can be. Is the indentation right, or are quotes missing?"
     " (from /srv/t.sls:2)")),
    ("{% set x = 1 %}\na: 1\na: 2\n", "/srv/t.sls:3: duplicate key 'a' (first on line 2)"),
    ("{% for n in [1, 2] %}\na: {{ n }}\n{% endfor %}",
     "/srv/t.sls: duplicate key 'a' (first on line 2) (line 4 of what the template makes)"),
    ("#!jinja|yaml|gpg\na: 1\n", "/srv/t.sls:1: there is no renderer 'gpg'; there are jinja, yaml, json, yamlex, py"),
    ("#!yaml|jinja\na: 1\n", "/srv/t.sls:1: 'yaml|jinja': only jinja can come before another"),
    ("#!py\ndef run(): return {}\n", "/srv/t.sls:1: '#!py' runs Python: it is not allowed here"),
    ("#!json\n{}{}", "/srv/t.sls:2: not JSON: Extra data"),
    ("{{ now_or_never() }}", "/srv/t.sls:1: the variable 'now_or_never' is undefined"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), CASES, ids=[text[:30] for text, _ in CASES])
def test_error_says_all_of_it(text: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        World(FILES).data(text)
    assert str(caught.value) == message


def test_error_shows_three_lines() -> None:
    with pytest.raises(RenderError) as caught:
        World().data("a: 1\nb: {{ nothing }}\nc: 3\n")
    assert caught.value.block() == (
        "/srv/t.sls:2: the variable 'nothing' is undefined\n    1 | a: 1\n  > 2 | b: {{ nothing }}\n    3 | c: 3"
    )


RENDERERS = [
    ("#!yaml\na: '{{ x }}'\n", {"a": "{{ x }}"}),
    ("#!json\n{\"a\": [1, null]}", {"a": [1, None]}),
    ("#!jinja|json\n{\"a\": {{ 1 + 1 }}}", {"a": 2}),
    ("#!jinja | yaml\na: {{ 1 + 1 }}\n", {"a": 2}),
    ("#!jinja\na: {{ 1 + 1 }}", "\na: 2"),
    ("#!/bin/sh\na: 1\n", {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), RENDERERS)
def test_first_line_names_the_renderers(text: str, value: object) -> None:
    assert World().data(text) == value


def test_python_runs_only_for_who_allows_it() -> None:
    text = "#!py\ndef run():\n    return {'id': __opts__['id']}\n"
    assert World(may_run_python=True).data(text) == {"id": "box"}


def test_tags_of_salt_read_data() -> None:
    files = {"m.yaml": "a: {{ grains.os }}\n", "d/n.json": '{"b": 2}', "d/e.txt": "x{{ 1 }}", "d/r.jinja": ""
             "{% import_json './n.json' as n %}{{ n.b }}"}  # fmt: skip
    world = World(files)
    assert world.data("{% import_yaml 'salt://m.yaml' as m with context %}v: {{ m.a }}\n") == {"v": "Debian"}
    assert world.data("{% import_text 'd/e.txt' as t %}v: {{ t }}\n") == {"v": "x1"}
    assert world.data("v: {% include 'd/r.jinja' %}\n") == {"v": 2}
    assert world.data("{% include 'gone' ignore missing %}v: 1\n") == {"v": 1}
    assert world.data('{% load_json as j %}{"c": 3}{% endload %}v: {{ j.c }}\n') == {"v": 3}
    assert world.data("{% load_text as t %}x{{ 1 }}{% endload %}v: {{ t }}\n") == {"v": "x1"}
    assert world.data("{% profile as 'p' %}v: 1{% endprofile %}\n") == {"v": 1}


def test_place_of_a_template_is_told_as_in_salt() -> None:
    assert place_variables("a/b/init.sls", "/r/a/b/init.sls", "a.b") == {
        "tplpath": "/r/a/b/init.sls", "tplfile": "a/b/init.sls", "tpldir": "a/b", "tpldot": "a.b", "sls": "a.b",
        "slspath": "a/b", "slsdotpath": "a.b", "slscolonpath": "a:b", "sls_path": "a_b",
    }  # fmt: skip
    found = place_variables("a/b.sls", "/r/a/b.sls", "a.b")
    assert (found["tpldir"], found["slspath"], found["sls_path"]) == ("a", "a", "a")
    assert place_variables("b.sls", "/r/b.sls", "b")["tpldir"] == "."


def test_names_of_sls() -> None:
    assert sls_files("web.nginx") == ("web/nginx.sls", "web/nginx/init.sls")
    assert resolve_relative(".x", "a.b", "a/b.sls") == "a.x"
    assert resolve_relative(".x", "a.b", "a/b/init.sls") == "a.b.x"
    assert resolve_relative("..x", "a.b.c", "a/b/c.sls") == "a.x"
    assert resolve_relative("x", "a.b", "a/b.sls") == "x"
    for bad in ("../x", "a/b", "a..b", "", ".", "a\0", "x" * 200, "/etc"):
        with pytest.raises(RenderError):
            sls_files(bad)
    with pytest.raises(RenderError, match="leads above the root"):
        resolve_relative("...x", "a", "a.sls")
