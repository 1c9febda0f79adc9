"""A frozen box: only listed functions run, whoever asks and under whatever name, until the blackout is lifted (38)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder

CONFIGURED, FROZEN = "configured", "frozen"
WHY = "is not listed, and there is a blackout by its"
LISTED = ["test.ping", "minion.find_job"]


@pytest.fixture(scope="module")
def shared() -> Iterator[Arena]:
    """A box that its configuration freezes, one that jobs of an operator freeze, and a free one."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join(GOOD)
        settings = {"minion_blackout": True, "minion_blackout_whitelist": LISTED}
        fleet.join(CONFIGURED, settings=settings)
        fleet.join(FROZEN)
        yield Arena(fleet)


@pytest.fixture
def arena(shared: Arena) -> Iterator[Arena]:
    """The fleet with its second box frozen by grains; afterwards all is well."""
    _set(shared, "minion_blackout_whitelist", ["test.ping", "saltutil.running"])
    _set(shared, "minion_blackout", True)
    yield shared
    shared.still_well()


def _set(arena: Arena, key: str, value: Any) -> None:
    assert arena.run(FROZEN, "grains.setval", key, value)[FROZEN]["ret"] == {key: value}


def _outcome(arena: Arena, minion: str, fun: str, *args: Any, **options: Any) -> tuple[str, Any]:
    said = arena.run(minion, fun, *args, **options)[minion]
    return said["outcome"], said["ret"]


@pytest.mark.parametrize(("minion", "source"), [(CONFIGURED, "configuration"), (FROZEN, "grains")])
def test_only_listed_functions_run(arena: Arena, minion: str, source: str) -> None:
    assert _outcome(arena, minion, "test.ping") == ("done", True)
    mark = arena.fleet.folder / f"{minion}.mark"
    secret = "hunter2-in-an-argument"
    arena.secrets.add(secret)
    tries: list[tuple[str, tuple[Any, ...]]] = [
        ("cmd.run", (f"touch {mark}; echo {secret}",)),
        ("cmd.run_all", (f"touch {mark}",)),
        ("file.touch", (str(mark),)),
        ("test.version", ()),
        ("minion.rotate_key", ()),
        ("saltutil.sync_modules", ()),
        ("grains.setval", ("role", "owned")),
        ("grains.setvals", ({"minion_blackout": False, "role": "owned"},)),
    ]
    for fun, args in tries:
        why = f"{fun} {WHY} {source} (minion_blackout)"
        before = len(arena.log_lines(f"refused: {why}", log=f"{minion}.log"))
        assert _outcome(arena, minion, fun, *args) == ("refused", f"Refused by this minion: {why}")
        assert len(arena.log_lines(f"refused: {why}", log=f"{minion}.log")) == before + 1
    assert not mark.exists()
    assert _outcome(arena, GOOD, "cmd.run", "echo free") == ("done", "free")


def test_other_names_of_a_function_open_nothing(arena: Arena) -> None:
    assert _outcome(arena, CONFIGURED, "saltutil.find_job", "20200101000000000000") == ("done", {})
    assert _outcome(arena, FROZEN, "saltutil.running") == ("done", [])
    for fun in ("saltutil.kill_all_jobs", "minion.kill_all_jobs", "ps.top", "network.get_hostname"):
        assert _outcome(arena, FROZEN, fun)[0] == "refused"


def test_function_within_a_listed_one_must_be_listed_itself(arena: Arena) -> None:
    _set(arena, "minion_blackout_whitelist", ["mine.send", "test.echo"])
    outcome, text = _outcome(arena, FROZEN, "mine.send", "test.version")
    assert (outcome, text) == (
        "failed",
        f"refused by this minion: test.version {WHY} grains (minion_blackout)",
    )
    assert _outcome(arena, FROZEN, "mine.send", "test.echo", "hi") == ("done", True)


def test_wrong_arguments_to_what_lifts_it_change_nothing_else(arena: Arena) -> None:
    for args in (["minion_blackout ", False], ["id", "x"], ["minion_blackout:x", 1]):
        assert _outcome(arena, FROZEN, "grains.setval", *args)[0] == "refused"
    assert _outcome(arena, FROZEN, "grains.set", from_text=True, args=["key=role", "val=x"])[0] == "refused"
    assert _outcome(arena, FROZEN, "saltutil.refresh_grains") == ("done", True)
    assert _outcome(arena, FROZEN, "test.version")[0] == "refused"


def test_blackout_of_the_configuration_is_not_lifted_by_a_job(arena: Arena) -> None:
    said = _outcome(arena, CONFIGURED, "grains.setval", "minion_blackout", False)
    assert said == ("done", {"minion_blackout": False})
    assert _outcome(arena, CONFIGURED, "test.version")[0] == "refused"


def test_lifted_blackout_is_over_at_once_and_what_was_kept_runs(arena: Arena) -> None:
    mark, waits = arena.fleet.folder / "kept.mark", f"a job waits: cmd.run {WHY} grains"
    before = len(arena.log_lines(waits, log=f"{FROZEN}.log"))
    arena.run(FROZEN, "cmd.run", f"echo ran >> {mark}", mode="queue", queue_ttl_s=600.0, **{"async": True})
    jid = arena.until("the job to be on the box", lambda: _received(arena))
    assert _outcome(arena, FROZEN, "cmd.run", "true")[0] == "refused"
    assert len(arena.log_lines(waits, log=f"{FROZEN}.log")) == before + 1
    assert not mark.exists()
    assert "outcome" not in str(arena.runner("jobs.lookup_jid", jid))
    _set(arena, "minion_blackout", False)
    assert _outcome(arena, FROZEN, "test.version")[0] == "done"
    # Sooner than the half minute after which it is tried in any case.
    arena.until("the kept job's answer", lambda: FROZEN in arena.runner("jobs.lookup_jid", jid), timeout_s=15)
    assert mark.read_text() == "ran\n"


def test_kept_job_survives_a_restart_in_the_blackout(arena: Arena) -> None:
    fleet, mark = arena.fleet, arena.fleet.folder / "restarted.mark"
    arena.run(FROZEN, "cmd.run", f"echo ran >> {mark}", mode="queue", queue_ttl_s=600.0, **{"async": True})
    arena.until("the job to be on the box", lambda: _received(arena))
    fleet.minions[FROZEN].stop()
    fleet.start_minion(FROZEN)
    fleet.wait_up(FROZEN)
    assert _outcome(arena, FROZEN, "cmd.run", "true")[0] == "refused"
    assert not mark.exists()
    assert _outcome(arena, FROZEN, "grains.delkey", "minion_blackout")[0] == "done"
    arena.until("the kept job to run", mark.exists)


def test_command_line_of_the_box_is_frozen_too(arena: Arena) -> None:
    for minion, source in ((CONFIGURED, "configuration"), (FROZEN, "grains")):
        for options in ((), ("--skip-grains",), ("--local",), ("--local", "--skip-grains")):
            done = _call(arena, minion, *options, "cmd.run", "echo x")
            assert done == (
                1,
                f"local:\n    Refused by this minion: cmd.run {WHY} {source} (minion_blackout)\n",
            )
        assert _call(arena, minion, "test.ping") == (0, "local:\n    True\n")
    assert _call(arena, FROZEN, "grains.setval", "minion_blackout", "False")[0] == 0
    assert _call(arena, FROZEN, "--local", "cmd.run", "echo x") == (0, "local:\n    x\n")
    assert _call(arena, FROZEN, "cmd.run", "echo x")[0] == 1, "the daemon has not looked at its grains yet"
    assert _outcome(arena, FROZEN, "minion.refresh_grains") == ("done", True)
    assert _call(arena, FROZEN, "cmd.run", "echo x") == (0, "local:\n    x\n")


def _call(arena: Arena, minion: str, *words: str) -> tuple[int, str]:
    root = arena.fleet.minion_root(minion)
    done = arena.fleet.program("shoal-call", *words, root=root, check=False)
    return done.returncode, done.stdout


def _received(arena: Arena) -> str:
    queue = arena.runner("jobs.queue")
    return next((jid for jid, states in queue.items() if states.get("received") == [FROZEN]), "")
