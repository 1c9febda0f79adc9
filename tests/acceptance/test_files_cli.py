"""The master's files on a box, over real sockets: brought whole, over bad wires too, and nothing else."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Any, Final

import pytest

from tests.fleet import Fleet, short_folder, until
from tests.proxy import Proxy
from tests.unit.files.test_git_roots import Repository

BOX: Final = "box-1"
CUTS: Final = 50
LARGE: Final = 40 * 1024 * 1024


@pytest.fixture(scope="module")
def wire() -> Iterator[tuple[Fleet, Proxy]]:
    """A master with some files, and a box whose only way to it is a wire."""
    with (
        short_folder() as folder,
        Fleet(folder) as fleet,
        Proxy(fleet.publish_port, fleet.request_port) as wire,
    ):
        roots = fleet.master_root / "srv/salt"
        (roots / "web").mkdir(parents=True)
        (roots / "web/site.conf").write_text("listen 80\n")
        (roots / "large").write_bytes(Random(1).randbytes(LARGE))
        (roots / "out").symlink_to("/etc/shadow")
        fleet.start_master(advertise=[wire.host], heartbeat_s=1)
        fleet.join(BOX, settings={"recon_default": 10, "recon_max": 50})
        yield fleet, wire


@pytest.fixture
def fleet(wire: tuple[Fleet, Proxy]) -> Fleet:
    return wire[0]


def ask(fleet: Fleet, *words: str, timeout_s: int = 60) -> Any:
    done = fleet.shoal(BOX, *words, "--out=json", "-t", str(timeout_s), timeout_s=timeout_s + 10)
    return json.loads(done.stdout)[BOX]


def place(fleet: Fleet) -> Path:
    return fleet.folder / token_hex(4)


def test_file_is_brought(fleet: Fleet) -> None:
    target = place(fleet)
    assert ask(fleet, "cp.get_file", "shoal://web/site.conf", str(target)) == str(target)
    assert target.read_text() == "listen 80\n"
    assert ask(fleet, "cp.list_master") == ["large", "web/site.conf"]


@pytest.mark.parametrize(
    "path", ["shoal://../../etc/shadow", "salt:////etc/shadow", "shoal://web/%2e%2e/%2e%2e/x", "shoal://out",
             "shoal://web/../../x", "shoal://web\\..\\x", "shoal://x?saltenv=../.."]
)  # fmt: skip
def test_what_is_outside_the_roots_is_not_brought_however_it_is_written(fleet: Fleet, path: str) -> None:
    target = place(fleet)
    said = ask(fleet, "cp.get_file", path, str(target))
    assert said == "" or said.startswith("bad "), said
    assert not target.exists()


def test_file_that_changes_is_brought_as_it_is_now(fleet: Fleet) -> None:
    target = place(fleet)
    served = fleet.master_root / "srv/salt/web/changing"
    for text in ("first", "second"):
        served.write_text(text)
        ask(fleet, "cp.get_file", "shoal://web/changing", str(target))
        assert target.read_text() == text
    served.unlink()


def test_damaged_content_in_the_cache_is_fetched_again(fleet: Fleet) -> None:
    cached = Path(ask(fleet, "cp.cache_file", "shoal://web/site.conf"))
    assert stat.S_IMODE(cached.stat().st_mode) == 0o600
    cached.write_text("LISTEN 80\n")
    target = place(fleet)
    ask(fleet, "cp.get_file", "shoal://web/site.conf", str(target))
    assert target.read_text() == "listen 80\n"


def test_only_the_minions_own_user_may_ask_its_desk(fleet: Fleet) -> None:
    desk = fleet.minion_root(BOX) / "run/shoal/minion/minion.sock"
    assert stat.S_ISSOCK(desk.stat().st_mode)
    assert stat.S_IMODE(desk.stat().st_mode) == 0o600


def test_many_small_files_come_together(fleet: Fleet) -> None:
    many = fleet.master_root / "srv/salt/many"
    for number in range(1500):
        folder = many / f"d{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).write_text(str(number))
    target = place(fleet)
    assert ask(fleet, "cp.get_dir", "shoal://many", str(target))
    found = {path.name: path.read_text() for path in target.rglob("*") if path.is_file()}
    assert found == {str(number): str(number) for number in range(1500)}
    assert stat.S_IMODE((target / "many/d1").stat().st_mode) == 0o755


def test_transfer_that_is_cut_fifty_times_ends_with_the_right_content(wire: tuple[Fleet, Proxy]) -> None:
    fleet, line = wire
    target, dice = place(fleet), Random(2)
    words = ["cp.get_file", "shoal://large", str(target)]
    done = fleet.shoal(BOX, *words, "--queue", "--async", check=True)
    jid = done.stdout.split()[-1]
    parts = fleet.minion_root(BOX) / "var/cache/shoal/minion/files/parts"
    line.bytes_per_s = 30 * 1024 * 1024
    cuts, seen = 0, 0
    while cuts < CUTS:
        wanted = seen + dice.randint(1, LARGE // CUTS - 1)
        until("some more to arrive", lambda wanted=wanted: arrived(parts) >= wanted, 30.0)  # type: ignore[misc]
        line.cut()
        cuts += 1
        assert arrived(parts) >= seen, "what has arrived is never thrown away"
        seen = arrived(parts)
        assert seen < LARGE
    line.bytes_per_s = 0
    answer = until("the answer", lambda: fleet.ask("jobs.list_job", jid)["Result"].get(BOX), 60.0)
    assert answer["return"] == str(target)
    assert target.read_bytes() == Random(1).randbytes(LARGE)
    assert list(parts.iterdir()) == []


def arrived(parts: Path) -> int:
    """Return how much of what is under way has been written."""
    return max((path.stat().st_size for path in parts.glob("*")), default=0)


def test_operator_sees_what_is_served(fleet: Fleet) -> None:
    assert fleet.runner("fileserver.envs") == ["base"]
    files = fleet.runner("fileserver.file_list", "prefix=web")
    assert files == ["web/site.conf"]
    assert "web" in fleet.runner("fileserver.dir_list")
    assert fleet.runner("fileserver.symlink_list") == {}, "the one that leads out is not there"
    assert (
        fleet.runner("fileserver.file_hash", "web/site.conf")
        == ask(fleet, "cp.hash_file", "shoal://web/site.conf")["hsum"]
    )
    assert fleet.runner("fileserver.update") is True
    done = fleet.program("shoal-run", "fileserver.file_list", "prefix=../x", check=False)
    assert (done.returncode, "bad file name" in done.stdout + done.stderr) == (64, True)
    assert fleet.runner("cache.grains")[BOX]["id"] == BOX


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
def test_branches_of_a_git_repository_are_environments() -> None:
    with short_folder() as folder, Fleet(folder) as fleet:
        repository = Repository(folder / "repo")
        repository.commit(top="one")
        fleet.start_master(gitfs_remotes=[repository.url], gitfs_update_interval=3600)
        fleet.join(BOX)
        until("the first update", lambda: fleet.ask("fileserver.envs") == ["base"])
        repository.git("checkout", "--quiet", "-b", "dev")
        repository.commit(top="two")
        assert fleet.runner("fileserver.update") is True
        assert fleet.runner("fileserver.envs") == ["base", "dev"]
        for env, text in (("base", "one"), ("dev", "two")):
            assert ask(fleet, "cp.get_file_str", f"shoal://top?saltenv={env}") == text
        shutil.move(repository.folder, folder / "away")
        done = fleet.program("shoal-run", "fileserver.update", check=False)
        assert (done.returncode, repository.url in done.stdout + done.stderr) == (1, True)
        assert ask(fleet, "cp.get_file_str", "shoal://top?saltenv=dev") == "two", (
            "what was served is served on"
        )
