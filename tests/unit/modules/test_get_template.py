"""`cp.get_template`: what a template may look at and run, what is data, and what an error does not tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.cp import files
from modules.cp.template import get_template
from shoal.errors import ArgumentError, ModuleError

Render = Callable[..., str]
SECRET = "hunter2-is-no-good"


@pytest.fixture
def render(ctx: Context, roots: Path, tmp_path: Path) -> Render:
    """Write a template, have it rendered, return what it made; `facts` replace what the box has."""

    def made(text: str, variables: Mapping[str, Any] | None = None, **facts: Any) -> str:
        (roots / "web/a.conf").write_text(text)
        target = tmp_path / "made/a.conf"
        box = replace(ctx, **facts)
        assert get_template(
            box, "shoal://web/a.conf", str(target), makedirs=True, **(variables or {})
        ) == str(target)
        return target.read_text()

    return made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ grains.os }} {{ grains['id'] }}\n", "Debian web1\n"),
        ("{{ pillar.role }} {{ pillar['deep']['list'][1] }}", "web b"),
        ("{{ tags.site }} {{ id }} {{ opts.id }} {{ saltenv }}", "north web1 web1 base"),
        ("{{ salt['pillar.get']('deep:list:0') }} {{ salt.pillar.get('x', 'none') }}", "a none"),
        ("{{ salt['test.echo']('hello') }} {{ salt.test.echo('there') }}", "hello there"),
        ("{{ salt['grains.filter_by']({'Debian': 'apt'}) }}", "apt"),
        ("{{ salt['slsutil.merge']({'a': 1}, {'b': 2}) }}", "{'a': 1, 'b': 2}"),
        ("{% if salt['match.grain']('os:Deb*') %}yes{% endif %}", "yes"),
        ("{{ tpldir }} {{ tplfile }}", "web web/a.conf"),
        ("{% include './site.conf' %}", "listen 80"),
        ("{% for x in pillar.deep.list %}{{ x }}{% endfor %}", "ab"),
        ("{{ port }} {{ port + 1 }}", "8080 8081"),
    ],
)
def test_template_sees_the_box(render: Render, text: str, made: str) -> None:
    assert render(text, {"port": 8080}) == made


def test_what_the_box_says_is_data_and_is_not_rendered(render: Render) -> None:
    evil = "{{ 7 * 7 }}{% raw %}{{ ''.__class__ }}"
    made = render("{{ grains.evil }}|{{ pillar.evil }}", grains={"evil": evil}, pillar={"evil": evil})
    assert made == f"{evil}|{evil}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ salt['test.echo'].__globals__ }}",
        "{{ salt._functions }}",
        "{{ salt['test.echo'].__closure__ }}",
        "{{ grains.__init__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ pillar._data }}",
        "{{ ''|attr('__class__') }}",
    ],
)
def test_sandbox_has_no_way_out(render: Render, text: str) -> None:
    with pytest.raises(ModuleError, match=r"shoal://web/a\.conf:1: "):
        render(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ pillar.password | int(base=99) }}{{ raise(pillar.password) }}",
        "{{ salt['test.echo'](pillar.password, pillar.password) }}",
        "{{ pillar.password + 1 }}",
        "{{ pillar[pillar.password] }}",
        "{{ salt[pillar.password]() }}",
        "{% include pillar.password %}",
        "{{ raise('a' ~ pillar.deep.pin) }}",
    ],
)
def test_error_has_the_place_and_no_value_of_the_pillar(render: Render, text: str) -> None:
    with pytest.raises(ModuleError, match=r"shoal://web/a\.conf:1: ") as caught:
        render(text, pillar={"password": SECRET, "deep": {"pin": 1234567}})
    assert SECRET not in str(caught.value)
    assert "1234567" not in str(caught.value)


def test_template_cannot_change_what_others_see(render: Render, ctx: Context) -> None:
    render("{% do pillar.deep.list.append('c') %}{{ pillar.deep.list }}")
    assert ctx.pillar["deep"] == {"list": ["a", "b"]}


def test_functions_that_the_box_refuses_are_refused_in_templates(render: Render) -> None:
    with pytest.raises(ModuleError, match="refused by this minion"):
        render("{{ salt['test.echo']('x') }}", settings={"disable_functions": ["test.echo"]})
    with pytest.raises(ModuleError, match="there is a blackout by its pillar"):
        render("{{ salt['test.echo']('x') }}", pillar={"minion_blackout": True})
    with pytest.raises(ModuleError, match=r"there is no function 'test\.eccho'.*did you mean 'test\.echo'"):
        render("{{ salt['test.eccho']('x') }}")


def test_target_is_whole_or_untouched(render: Render, tmp_path: Path, roots: Path) -> None:
    (roots / "web/a.conf").write_text("")
    (roots / "web/a.conf").chmod(0o640)
    assert render("one\n") == "one\n"
    target = tmp_path / "made/a.conf"
    assert target.stat().st_mode & 0o777 == 0o640
    with pytest.raises(ModuleError):
        render("two {{ nothing }}")
    assert target.read_text() == "one\n"
    assert [each.name for each in target.parent.iterdir()] == ["a.conf"]


def test_file_that_is_not_served_or_no_template(ctx: Context, roots: Path, tmp_path: Path) -> None:
    target = str(tmp_path / "x")
    assert get_template(ctx, "shoal://nothing", target) == ""
    assert get_template(ctx, "shoal://web", target) == ""
    with pytest.raises(ArgumentError, match="bad file name"):
        get_template(ctx, "shoal://../etc/shadow", target)
    with pytest.raises(ArgumentError, match="template=mako: there is jinja"):
        get_template(ctx, "shoal://web/site.conf", target, template="mako")
    (roots / "web/site.conf").write_bytes(b"\xff\xfe")
    with pytest.raises(ModuleError, match="not UTF-8"):
        get_template(ctx, "shoal://web/site.conf", target)
    with pytest.raises(ModuleError, match="is not absolute"):
        get_template(ctx, "shoal://top.sls", "x")
    assert list(tmp_path.iterdir()) == []


def test_include_cannot_leave_the_roots(render: Render) -> None:
    for name in ("../../etc/passwd", "/etc/passwd", "shoal://../etc/passwd"):
        with pytest.raises(ModuleError):
            render("{% include '" + name + "' %}")


def test_names_are_rendered_for_get_file_and_the_file_is_not(
    ctx: Context, roots: Path, tmp_path: Path
) -> None:
    (roots / "Debian").mkdir()
    (roots / "Debian/motd").write_text("{{ grains.os }}\n")
    where = str(tmp_path / "{{ pillar.role }}")
    assert files.get_file(ctx, "shoal://{{ grains.os }}/motd", where, template="jinja") == str(
        tmp_path / "web"
    )
    assert (tmp_path / "web").read_text() == "{{ grains.os }}\n"
    made = files.get_dir(ctx, "shoal://{{ grains.os }}", str(tmp_path / "{{ id }}"), template="jinja")
    assert made == [str(tmp_path / "web1/Debian/motd")]
    leads_out = replace(ctx, grains={"os": "../../etc"})
    with pytest.raises(ModuleError, match="bad file name"):
        files.get_file(leads_out, "shoal://{{ grains.os }}/shadow", where, template="jinja")
    assert files.get_file(ctx, "shoal://{{ grains.os }}/motd", where) == ""
