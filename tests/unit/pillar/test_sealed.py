"""Sealed values: opened for their box only, and never by a trick of another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from master.pillar.opened import SealKey, masked
from pki.keys import CurveKey
from pki.sealing import MAX_PLAIN_BYTES, seal, unseal
from shoal.errors import TrustError, WireError
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.failure import PillarError
from shoal.pillar.inputs import Box
from tests.unit.pillar.world import World

SECRET = "s3cr3t: 'with' \"all\" # of it\n"
TOP = "base:\n  '*': [a]\n"


@pytest.fixture
def key(tmp_path: Path) -> SealKey:
    (tmp_path / "pki").mkdir(mode=0o700)
    return SealKey(tmp_path / "pki")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write({"top.sls": TOP})
    return world


def compiled(world: World, **facts: object) -> object:
    box = Box(id="web-1", **facts)  # type: ignore[arg-type]
    return world.compiler.compile(box)


def test_value_is_opened_and_nothing_else_is_touched(world: World, key: SealKey) -> None:
    box = seal(key.public(), SECRET)
    world.write({"a.sls": f"db:\n  password: !sealed {box}\n  list: [1, !sealed {box}]\nplain: 1\n"})
    merged = world.compiler.compile(Box(id="web-1"))
    assert merged.sealed
    assert "s3cr3t" not in repr(merged)
    assert masked(merged) == {"db": {"password": "******", "list": [1, "******"]}, "plain": 1}
    assert key.opened(merged, "web-1") == {"db": {"password": SECRET, "list": [1, SECRET]}, "plain": 1}


@pytest.mark.parametrize(
    "template",
    [
        "{% import_yaml 's.yaml' as s %}\nv: {{ s.pw }}\n",
        "{% import_yaml 's.yaml' as s %}\nv: {{ s.pw | yaml }}\n",
        "{% import_yaml 's.yaml' as s %}\nx: {{ s | yaml }}\nv: {{ s.pw }}\n",
        "{% load_yaml as s %}\npw: !sealed BOX\n{% endload %}\nv: {{ s.pw }}\n",
        "{% include 's.yaml' %}\nv: 1\n",
        "#!yaml\nv: !sealed BOX\n",
        "#!jinja|yaml\nv: !sealed BOX\n",
    ],
)
def test_value_passes_through_a_template_unopened(template: str, world: World, key: SealKey) -> None:
    box = seal(key.public(), SECRET)
    world.write({"a.sls": template.replace("BOX", box), "s.yaml": f"pw: !sealed {box}\n"})
    merged = world.compiler.compile(Box(id="web-1"))
    opened = key.opened(merged, "web-1")
    assert SECRET in (opened.get("v"), opened.get("pw"))
    assert "s3cr3t" not in repr(merged)


def test_value_cannot_lose_its_seal_by_a_filter(world: World, key: SealKey) -> None:
    box = seal(key.public(), SECRET)
    world.write(
        {"a.sls": "{% import_yaml 's.yaml' as s %}\nv: {{ s | json }}\n", "s.yaml": f"pw: !sealed {box}\n"}
    )
    assert world.errors() == [
        "base/a.sls:2: TypeError: a !sealed value has no JSON form: write it with the filter yaml"
    ]


def test_box_cannot_have_another_s_value_opened(world: World, key: SealKey) -> None:
    box = seal(key.public(), SECRET)
    template = "{% if id == 'db-1' %}\npw: !sealed " + box + "\n{% endif %}\nrole: {{ grains.role }}\n"
    shown = "role: {{ grains.role }}\n"
    evil = f"!sealed {box}"
    for text in (template, shown):
        world.write({"a.sls": text})
        for role in (evil, f"x\nmine: {evil}"):
            (error,) = world.errors(grains={"role": role})
            assert "!sealed value" in error, error
            assert box not in error
    assert world.pillar(grains={"role": "web"}) == {"role": "web"}


def test_box_cannot_have_its_grain_sealed_in_data_tags(world: World, key: SealKey) -> None:
    box = seal(key.public(), SECRET)
    world.write({"a.sls": "{% load_yaml as d %}\nx: {{ grains.role }}\n{% endload %}\nv: {{ d.x }}\n"})
    (error,) = world.errors(grains={"role": f"!sealed {box}"})
    assert "must be written in the file itself" in error


def test_value_for_another_key_is_one_error_without_the_value(world: World, key: SealKey) -> None:
    key.public()
    world.write({"a.sls": f"v: !sealed {seal(CurveKey.generate().public, SECRET)}\n"})
    with pytest.raises(PillarError, match="sealed with another key, or is damaged; seal it anew") as caught:
        key.opened(world.compiler.compile(Box(id="web-1")), "web-1")
    assert SECRET not in str(caught.value)


def test_key_is_made_once_and_is_secret(key: SealKey, tmp_path: Path) -> None:
    public = key.public()
    assert SealKey(tmp_path / "pki").public() == public
    assert (tmp_path / "pki/pillar.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "pki/pillar.key").chmod(0o644)
    with pytest.raises(TrustError, match="can be read by others"):
        SealKey(tmp_path / "pki").public()


def test_box_is_opened_only_as_it_was_made() -> None:
    key = CurveKey.generate()
    box = seal(key.public, SECRET)
    assert unseal(key, box) == SECRET
    assert seal(key.public, SECRET) != box
    for bad in (box[:-4], box[4:], "A" + box[1:], "", "!!!", box + "AAAA", "\u2603"):
        with pytest.raises(WireError, match="sealed with another key"):
            unseal(key, bad)
    with pytest.raises(ValueError, match="at most"):
        seal(key.public, "x" * (MAX_PLAIN_BYTES + 1))


def test_pillar_error_for_log_and_box_shows_nothing_of_the_files(tmp_path: Path) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "top.sls").write_text(TOP)
    (root / "a.sls").write_text("password: hunter2\nx: {{ nope }}\n")
    with pytest.raises(PillarError) as caught:
        PillarCompiler({"base": (root,)}, Rules()).compile(Box(id="web-1"))
    assert "hunter2" in str(caught.value), "the operator sees the lines around"
    assert caught.value.for_log() == f"no pillar for web-1: 1 error, the first in {root}/a.sls:2"
    assert caught.value.for_box() == (
        f"the master could not make this box's pillar: 1 error, the first in {root}/a.sls:2."
        " On the master: shoal-run pillar.show_pillar web-1"
    )
