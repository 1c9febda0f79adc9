"""Pillar on boxes, from the command line: fetched, refreshed, kept without a master, used by all that looks at it."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.wire import decode
from tests.acceptance.at_work import listening
from tests.fleet import Fleet, short_folder, until

BOX, OTHER = "web-1", "db-1"
TOP = """
base:
  '*': [common]
  'site:paris': [{match: tag}, paris]
  'role:web': [{match: grain}, web]
  'db-*': [mine]
"""
MINE = {"mine_functions": {"hello": [{"mine_function": "test.echo"}, "from pillar"]}}
COMMON = "name: {{ id }}\nos: {{ grains.os_family }}\nports: {http: 80}\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with short_folder() as folder, Fleet(folder) as fleet:
        write(
            fleet,
            {
                "top.sls": TOP,
                "common.sls": COMMON,
                "paris.sls": "city: Paris\n",
                "web.sls": "web: true\n",
                "mine.sls": json.dumps(MINE),
            },
        )
        (folder / "m/srv/pillar-dev").mkdir()
        (folder / "m/srv/pillar-dev/top.sls").write_text("dev:\n  'nobody': [x]\n  '*': [y]\n")
        (folder / "m/srv/pillar-dev/y.sls").write_text("stage: dev\n")
        served = fleet.master_root / "srv/salt"
        served.mkdir()
        (served / "site.conf").write_text(
            "{{ pillar.name }} {{ grains.os_family }} {{ salt['test.arg'](port).args[0] }}\n"
        )
        roots = {"base": [str(folder / "m/srv/pillar")], "dev": [str(folder / "m/srv/pillar-dev")]}
        fleet.start_master(pillar_roots=roots)
        fleet.join(BOX, site="paris", settings={"grains": {"role": "web"}})
        fleet.join(OTHER, site="rome")
        yield fleet


def write(fleet: Fleet, files: dict[str, str]) -> None:
    root = fleet.master_root / "srv/pillar"
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)


def ask(fleet: Fleet, *words: str, box: str = BOX) -> Any:
    done = fleet.shoal(box, *words, "--out=json")
    return json.loads(done.stdout)[box]


def refreshed(fleet: Fleet, files: dict[str, str]) -> None:
    write(fleet, files)
    assert ask(fleet, "saltutil.refresh_pillar") is True


def test_each_box_has_its_own_by_id_tag_and_grain_from_its_first_moment(fleet: Fleet) -> None:
    for box, own in ((BOX, {"city": "Paris", "web": True}), (OTHER, MINE)):
        until(f"the pillar of {box}", lambda box=box: ask(fleet, "pillar.raw", box=box))  # type: ignore[misc]
        expected = {"name": box, "os": ask(fleet, "grains.get", "os_family", box=box), "ports": {"http": 80}}
        assert ask(fleet, "pillar.raw", box=box) == {**expected, "stage": "dev", **own}
        assert ask(fleet, "pillar.items", box=box) == {**expected, "stage": "dev", **own}
        path = kept(fleet, box)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ask(fleet, "pillar.get", "ports:http") == 80
    assert ask(fleet, "pillar.items", "pillarenv=dev") == {"stage": "dev"}
    assert ask(fleet, "match.pillar", "city:Par*") is True
    assert fleet.shoal("-I", "city:Par*", "test.ping", "--out=txt").stdout == f"{BOX}: True\n"


def kept(fleet: Fleet, box: str) -> Path:
    return fleet.minion_root(box) / "var/cache/shoal/minion/pillar"


def test_edit_reaches_a_box_when_it_is_told_to_look(fleet: Fleet) -> None:
    write(fleet, {"paris.sls": "city: Lutetia\n"})
    assert ask(fleet, "pillar.get", "city") == "Paris"
    assert ask(fleet, "pillar.items")["city"] == "Lutetia", "this one is made now"
    assert ask(fleet, "pillar.get", "city") == "Paris"
    assert fleet.shoal("*", "saltutil.refresh_pillar", "--out=txt").stdout.count("True") == 2
    assert ask(fleet, "pillar.get", "city") == "Lutetia"


def test_other_tags_and_grains_bring_another_one_by_themselves(fleet: Fleet) -> None:
    fleet.runner("tag.set", OTHER, "site=paris")
    until("the pillar of the new tag", lambda: ask(fleet, "pillar.get", "city", box=OTHER) == "Lutetia")
    assert ask(fleet, "grains.setval", "role", "web", box=OTHER) == {"role": "web"}
    until("the pillar of the new grain", lambda: ask(fleet, "pillar.get", "web", box=OTHER) is True)
    fleet.runner("tag.set", OTHER, "site=rome")
    until("the pillar of the old tag", lambda: ask(fleet, "pillar.get", "city", box=OTHER) == "")


def test_error_reaches_the_operator_with_its_place_and_the_old_pillar_stays(fleet: Fleet) -> None:
    write(fleet, {"paris.sls": "city: Paris\npassword: hunter2\nx: {{ grains.os_famly }}\n"})
    before = kept(fleet, BOX).read_bytes()
    with listening(fleet) as events:
        done = fleet.shoal(BOX, "saltutil.refresh_pillar", "--out=txt")
        events.until_out("pillar failed, the one before is in use")
        heard = events.out
    assert done.returncode == 1
    line = "the master could not make this box's pillar: 1 error, the first in"
    assert f"{line} {fleet.master_root}/srv/pillar/paris.sls:3." in done.stdout
    assert f"shoal-run pillar.show_pillar {BOX}" in done.stdout
    assert line in ask(fleet, "pillar.items")
    assert ask(fleet, "pillar.get", "city") == "Lutetia"
    assert kept(fleet, BOX).read_bytes() == before
    assert fleet.shoal(BOX, "saltutil.refresh_pillar").returncode == 1
    for text in (done.stdout, heard, fleet.master.text() if fleet.master else "", fleet.minions[BOX].text()):
        assert "hunter2" not in text
    alerts = [each for each in fleet.minions[BOX].text().splitlines() if "action=alert" in each]
    assert len(alerts) == 1, "an alert tells it once"
    refreshed(fleet, {"paris.sls": "city: Paris\n"})
    assert ask(fleet, "pillar.get", "city") == "Paris"


def test_mine_is_filled_from_pillar_unasked(fleet: Fleet) -> None:
    until("the mine", lambda: fleet.ask("mine.get", "*", "hello") == {OTHER: "from pillar"})
    assert ask(fleet, "mine.valid", box=OTHER) == {"hello": {"test.echo": ["from pillar"]}}


def test_blackout_comes_from_pillar(fleet: Fleet) -> None:
    refreshed(
        fleet, {"paris.sls": "city: Paris\nminion_blackout: true\nminion_blackout_whitelist: [test.ping]\n"}
    )
    assert ask(fleet, "test.ping") is True
    assert "there is a blackout by its pillar" in ask(fleet, "test.version")
    waiting = fleet.shoal(BOX, "test.echo", "later", "--queue", "--async", "--out=txt")
    assert waiting.returncode == 0, waiting.stderr
    write(fleet, {"paris.sls": "city: Paris\n"})
    assert ask(fleet, "saltutil.refresh_pillar") is True, "what ends a blackout always runs"
    assert ask(fleet, "test.echo", "again") == "again"


def test_template_is_rendered_on_the_box(fleet: Fleet) -> None:
    target = fleet.folder / "made/site.conf"
    words = ("shoal://site.conf", str(target), "makedirs=True", "port=8080")
    assert ask(fleet, "cp.get_template", *words) == str(target)
    family = ask(fleet, "grains.get", "os_family")
    assert target.read_text() == f"{BOX} {family} 8080\n"


def test_call_beside_the_daemon_has_the_same(fleet: Fleet) -> None:
    def call(*words: str) -> Any:
        done = fleet.program("shoal-call", "--out=json", *words, root=fleet.minion_root(BOX))
        return json.loads(done.stdout)["local"]

    assert call("pillar.get", "city") == "Paris"
    assert call("pillar.items")["city"] == "Paris"
    write(fleet, {"paris.sls": "city: Lutetia\n"})
    assert call("saltutil.refresh_pillar") is True
    assert ask(fleet, "pillar.get", "city") == "Lutetia"
    refreshed(fleet, {"paris.sls": "city: Paris\n"})


def test_call_alone_makes_it_from_its_own_files(fleet: Fleet, tmp_path: Path) -> None:
    def call(*words: str) -> Any:
        return fleet.program(
            "shoal-call", "--local", "--out=json", *words, root=fleet.minion_root(BOX), check=False
        )

    assert json.loads(call("pillar.items").stdout) == {"local": {}}
    own = ("--pillar-root", str(tmp_path))
    (tmp_path / "top.sls").write_text("base:\n  'web-*': [own]\n")
    (tmp_path / "own.sls").write_text("city: {{ id }}\n")
    for fun in ("pillar.items", "pillar.raw"):
        assert json.loads(call(*own, fun).stdout) == {"local": {"city": BOX}}
    (tmp_path / "own.sls").write_text("family: {{ grains.os_family }}\n")
    assert json.loads(call("--skip-grains", *own, "pillar.get", "family").stdout)["local"]
    (tmp_path / "own.sls").write_text("city: {{ nope }}\n")
    done = call(*own, "test.ping")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no pillar for {BOX}: 1 error\n{tmp_path}/own.sls:1: " in done.stderr
    (tmp_path / "own.sls").write_text(f"city: !sealed {'A' * 80}\n")
    assert "only a master can open this pillar's sealed values" in call(*own, "test.ping").stderr


def test_restart_without_a_master_finds_the_pillar_and_one_with_it_asks_again(fleet: Fleet) -> None:
    assert fleet.master is not None
    fleet.master.stop()
    fleet.minions[BOX].stop()
    fleet.start_minion(BOX)
    local = ("shoal-call", "--out=json", "--no-return-event", "pillar.get", "city")

    def city() -> Any:
        done = fleet.program(*local, root=fleet.minion_root(BOX), check=False)
        return json.loads(done.stdout)["local"] if done.returncode == 0 else None

    assert until("the daemon", city) == "Paris"
    done = fleet.program("shoal-call", "pillar.items", root=fleet.minion_root(BOX), check=False)
    assert "there is no connection to the master" in done.stdout
    write(fleet, {"paris.sls": "city: Rome\n"})
    fleet.start_master()
    fleet.wait_up(BOX)
    until("the newer pillar", lambda: ask(fleet, "pillar.get", "city") == "Rome")


def test_kept_pillar_is_a_sealed_frame_for_this_box(fleet: Fleet) -> None:
    data = kept(fleet, BOX).read_bytes()
    assert decode(data, 1 << 20)[1] == "pillar"
    assert kept(fleet, BOX).stat().st_uid == os.geteuid()
