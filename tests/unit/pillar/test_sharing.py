"""A rendering is shared by all boxes for which it comes out the same, and by no others."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.pillar.world import World

TOP = "base:\n  '*': [plain, os, each, site]\n"
FILES = {
    "top.sls": TOP,
    "plain.sls": "plain: 1\n",
    "os.sls": "{% import_yaml 'map.yaml' as map %}\npkg: {{ map[grains.os] }}\n",
    "map.yaml": "Debian: apt\nAlpine: apk\n",
    "each.sls": "name: {{ id }}\n",
    "site.sls": "{% if grains.os == 'Alpine' %}\nsmall: {{ tags.site }}\n{% endif %}\n",
}


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write(FILES)
    return world


def ask(world: World, number: int, os_name: str = "Debian", site: str = "paris") -> dict[str, object]:
    grains = {"os": os_name, "serial": f"s{number}", "many": list(range(number))}
    made: dict[str, object] = world.pillar(f"box-{number}", grains=grains, tags={"site": site})
    return made


def since(world: World, before: Counter[str]) -> dict[str, int]:
    return {key: value - before[key] for key, value in world.compiler.counts.items() if value != before[key]}


def test_each_file_is_rendered_once_for_each_input_it_looks_at(world: World) -> None:
    for number in range(30):
        os_name = ("Debian", "Alpine")[number % 2]
        site = ("paris", "rome", "oslo")[number % 3]
        expected = {"plain": 1, "pkg": {"Debian": "apt", "Alpine": "apk"}[os_name], "name": f"box-{number}"}
        assert ask(world, number, os_name, site) == expected | (
            {"small": site} if os_name == "Alpine" else {}
        )
    # top, plain: 1; os: 2; each: 30; site: 1 for Debian, 3 for Alpine's sites
    assert world.compiler.counts["rendered"] == 1 + 1 + 2 + 30 + 1 + 3
    assert world.compiler.counts["shared"] == 30 * 5 - 38
    assert world.compiler.counts["read"] == 6


def test_nothing_changed_means_nothing_done(world: World) -> None:
    ask(world, 1)
    before = world.compiler.counts
    ask(world, 1)
    assert since(world, before) == {"shared": 5}


def test_grain_that_nobody_looks_at_makes_no_difference(world: World) -> None:
    ask(world, 1)
    before = world.compiler.counts
    world.pillar("box-1", grains={"os": "Debian", "uptime": 5}, tags={"site": "paris"})
    assert since(world, before) == {"shared": 5}


def test_change_of_one_file_renders_that_file(world: World) -> None:
    ask(world, 1)
    before = world.compiler.counts
    world.write({"plain.sls": "plain: 2\n"})
    assert ask(world, 1)["plain"] == 2
    assert since(world, before) == {"shared": 4, "rendered": 1, "parsed": 1, "read": 1, "merged": 1}


def test_change_of_an_included_file_is_seen(world: World) -> None:
    assert ask(world, 1)["pkg"] == "apt"
    world.write({"map.yaml": "Debian: apt-get\n"})
    assert ask(world, 1)["pkg"] == "apt-get"


def test_file_that_is_touched_is_read_and_not_rendered(world: World) -> None:
    ask(world, 1)
    before = world.compiler.counts
    os.utime(world.folder / "base/plain.sls", ns=(1, 1))
    ask(world, 1)
    assert since(world, before) == {"shared": 5, "read": 1}


def test_content_of_the_same_size_and_time_in_a_new_file_is_seen(world: World) -> None:
    ask(world, 1)
    path = world.folder / "base/plain.sls"
    stamp = path.stat().st_mtime_ns
    fresh = path.with_name("fresh")
    fresh.write_text("plain: 9\n")
    os.utime(fresh, ns=(stamp, stamp))
    fresh.rename(path)
    assert ask(world, 1)["plain"] == 9


def test_file_that_comes_or_goes_is_seen(world: World) -> None:
    world.write({"plain.sls": "{% include 'more.jinja' ignore missing %}\nplain: 1\n"})
    assert "more" not in ask(world, 1)
    world.write({"more.jinja": "more: 1\n"})
    assert ask(world, 1)["more"] == 1
    (world.folder / "base/more.jinja").unlink()
    assert "more" not in ask(world, 1)


def test_folder_that_is_a_link_may_be_switched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "top.sls").write_text("base:\n  '*': [a]\n")
        (tmp_path / name / "a.sls").write_text(f"from: {name}\n")
    (tmp_path / "base").symlink_to("one")
    world = World.__new__(World)
    from shoal.pillar.compiler import PillarCompiler, Rules

    world.folder, world.compiler = tmp_path, PillarCompiler({"base": (tmp_path / "base",)}, Rules())
    assert world.pillar() == {"from": "one"}
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "base")
    assert world.pillar() == {"from": "two"}


def test_link_that_leads_out_is_not_there(world: World, tmp_path: Path) -> None:
    (tmp_path / "secret.sls").write_text("secret: 1\n")
    (world.folder / "base/out.sls").symlink_to(tmp_path / "secret.sls")
    world.write({"top.sls": "base:\n  '*': [out]\n"})
    assert world.errors() == ["base/top.sls:2: SLS 'out' is not available in environment 'base'"]


@pytest.mark.parametrize(
    "expression",
    [
        "9999999|random_hash",
        "''|gen_mac",
        "'now'|strftime('%s%f')",
        "range(50)|list|random_shuffle|join('-')",
    ],
)
def test_what_chance_decides_is_not_shared(expression: str, world: World) -> None:
    world.write({"plain.sls": "plain: {{ " + expression + " }}\n"})
    assert len({str(ask(world, 1)["plain"]) for _ in range(10)}) > 1


@pytest.mark.parametrize(
    "look", ["grains", "grains.values()|list", "salt['grains.items']()", "show_full_context()|string"]
)
def test_who_looks_at_all_of_the_grains_depends_on_all(look: str, world: World) -> None:
    world.write({"plain.sls": "plain: {{ " + look + " | string | length }}\n"})
    assert ask(world, 1)["plain"] != ask(world, 100)["plain"]


@pytest.mark.parametrize(
    "look", ["{% for k in grains %}{{ k }} {% endfor %}", "{{ grains|list|length }}", "{{ grains|length }}"]
)
def test_who_goes_through_the_names_of_the_grains_depends_on_them(look: str, world: World) -> None:
    world.write({"plain.sls": f"plain: '{look}'\n"})
    first, second = ({"os": "Debian", name: 1} for name in ("aa", "bb"))
    third = {**first, "cc": 1}
    made = [
        str(world.pillar(f"b{n}", grains=grains)["plain"]) for n, grains in enumerate((first, second, third))
    ]
    assert made[0] != made[2]
    assert "length" in look or made[0] != made[1]


def test_what_a_template_does_to_its_values_reaches_nobody(world: World) -> None:
    world.write({"plain.sls": "{% do grains.many.append('x') %}\nplain: {{ grains.many|length }}\n"})
    grains = {"os": "Debian", "many": [1]}
    assert [world.pillar(f"b{n}", grains=grains)["plain"] for n in range(2)] == [2, 2]
    assert grains["many"] == [1]


def test_id_is_the_key_s_and_not_what_the_box_says(world: World) -> None:
    world.write({"plain.sls": "plain: {{ grains.id }} {{ opts.id }} {{ minion_id }}\n"})
    assert world.pillar("box-1", grains={"os": "Debian", "id": "other"})["plain"] == "box-1 box-1 box-1"
    assert world.pillar("box-2", grains={"os": "Debian", "id": "other"})["plain"] == "box-2 box-2 box-2"


def test_environment_that_was_asked_for_is_looked_at_too(world: World) -> None:
    for name in ("pillarenv", "opts.pillarenv"):
        world.write({"plain.sls": "plain: '{{ " + name + " }}'\n"})
        assert world.pillar()["plain"] == ""
        assert world.pillar(pillarenv="base")["plain"] == "base"


def test_renderings_are_kept_within_a_bound(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.pillar.renderings._MAX_COST", 10_000)
    for number in range(100):
        assert ask(world, number)["name"] == f"box-{number}"
    renderings = world.compiler._renderings
    assert renderings._cost <= 10_000
    assert renderings._cost == sum(renderings._costs.values())
    assert set(renderings._costs) == set(renderings._known)


def test_error_of_one_box_is_not_another_s(world: World) -> None:
    world.write({"plain.sls": "plain: {{ grains.color }}\n"})
    assert world.errors(grains={"os": "Debian"})
    assert world.pillar("b", grains={"os": "Debian", "color": "red"})["plain"] == "red"
    assert world.errors(grains={"os": "Debian"})
