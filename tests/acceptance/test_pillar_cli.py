"""`shoal-run pillar.*` on a real master: what a box would get, what is wrong, secrets; and targets by pillar."""

from __future__ import annotations

import stat
from collections.abc import Iterator

import pytest

from tests.fleet import Fleet, short_folder

SECRET = "hunter2-is-no-good"
BOX, OTHER = "web-1", "db-1"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with short_folder() as folder, Fleet(folder) as fleet:
        write(fleet, {
            "top.sls": "base:\n  '*': [common]\n  'site:paris':\n    - match: tag\n    - paris\n",
            "common.sls": "name: {{ id }}\nos: {{ grains.os_family }}\nports: {http: 80}\n",
            "paris.sls": "city: Paris\n",
        })  # fmt: skip
        boxes = fleet.master_root / "srv/boxes"
        boxes.mkdir(parents=True)
        (boxes / f"{BOX}.yaml").write_text("rack: 7\n")
        fleet.start_master(ext_pillar=[{"yaml_dir": str(boxes)}], log_level="debug")
        fleet.join(BOX, site="paris")
        fleet.join(OTHER, site="rome")
        yield fleet


def write(fleet: Fleet, files: dict[str, str]) -> None:
    root = fleet.master_root / "srv/pillar"
    root.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / name).write_text(text)


def test_pillar_of_a_box_is_shown(fleet: Fleet) -> None:
    shown = fleet.runner("pillar.show_pillar", BOX)
    assert shown.pop("os")
    assert shown == {"name": BOX, "ports": {"http": 80}, "city": "Paris", "rack": 7}
    assert fleet.runner("pillar.show_top", BOX) == {"base": ["common", "paris"]}
    assert fleet.runner("pillar.show_top") == {
        BOX: {"base": ["common", "paris"]},
        OTHER: {"base": ["common"]},
    }
    assert fleet.runner("pillar.show_pillar", OTHER)["name"] == OTHER
    assert fleet.runner("cache.pillar", OTHER)[OTHER]["name"] == OTHER


def test_what_is_wrong_is_shown_with_its_lines(fleet: Fleet) -> None:
    write(fleet, {"paris.sls": f"password: {SECRET}\ncity: {{{{ grains.os_famly }}}}\nmore: 1\n"})
    done = fleet.program("shoal-run", "pillar.show_pillar", BOX, check=False)
    assert done.returncode != 0
    assert "paris.sls:2: the map has no key 'os_famly': undefined; did you mean 'os_family'?\n" in done.stderr
    assert "  > 2 | city: {{ grains.os_famly }}\n" in done.stderr
    assert fleet.runner("pillar.show_pillar", OTHER)["name"] == OTHER, "another box does not have that file"
    assert fleet.master is not None
    assert SECRET not in fleet.master.text()
    write(fleet, {"paris.sls": "city: Paris\n"})
    assert fleet.runner("pillar.show_pillar", BOX)["city"] == "Paris"
    done = fleet.program("shoal-run", "pillar.show_pillar", "nobody", check=False)
    assert "no pillar for nobody: 1 error\nthere is no accepted minion of that id" in done.stderr


def test_secret_goes_in_by_standard_input_and_comes_out_only_when_asked(fleet: Fleet) -> None:
    sealed = fleet.program("shoal-run", "pillar.seal", stdin=f"{SECRET}\n").stdout.strip()
    assert sealed.startswith("!sealed ")
    assert SECRET not in sealed
    write(fleet, {"paris.sls": f"city: Paris\npassword: {sealed}\n"})
    assert fleet.runner("pillar.show_pillar", BOX)["password"] == "******"
    assert fleet.runner("pillar.show_pillar", BOX, "unmask=True")["password"] == SECRET
    key = fleet.master_root / "etc/shoal/pki/master/pillar.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert fleet.master is not None
    assert SECRET not in fleet.master.text()
    write(fleet, {"paris.sls": "city: Paris\n"})


def test_secret_as_an_argument_is_refused(fleet: Fleet) -> None:
    done = fleet.program("shoal-run", "pillar.seal", "x", check=False, stdin="y")
    assert done.returncode == 64
    assert "takes no argument: others could see it" in done.stderr
    assert fleet.program("shoal-run", "pillar.seal", check=False, stdin="").returncode == 64


def test_box_is_targeted_by_the_pillar_it_was_given(fleet: Fleet) -> None:
    for minion in (BOX, OTHER):
        fleet.runner("pillar.show_pillar", minion)
    assert fleet.shoal("-I", "city:Par*", "--preview-target", "--out=json", "test.ping").stdout.split() == [
        "[", f'"{BOX}"', "]",
    ]  # fmt: skip
    lines = fleet.shoal("-J", "ports:http:8.", "test.ping", "--out=txt").stdout.splitlines()
    assert sorted(lines) == [f"{OTHER}: True", f"{BOX}: True"]
    assert fleet.shoal("-C", "I@rack:7 and web-*", "test.ping", "--out=txt").stdout == f"{BOX}: True\n"


def test_documentation_has_them(fleet: Fleet) -> None:
    shown = fleet.program("shoal-run", "-d", "pillar").stdout
    for name in ("pillar.show_pillar", "pillar.show_top", "pillar.seal", "pillar.seal_key"):
        assert f"{name}:" in shown
