"""Who says hello, and when: nobody for a change that is not its own, and a lost fleet over the time it was told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from master.runners import tag, token
from shoal.job import MODES
from shoal.messages import verb_of
from shoal.transport import Inbound
from tests.chaos.box import Box
from tests.chaos.world import ROOT, World, play
from tests.fleet import short_folder

BOXES: Final = 40
RECONNECT_PER_S: Final = 2.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: the control socket is in it."""
    with short_folder() as folder:
        yield folder


class Doorman:
    """Notes when each box says hello to the master that is up now."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world = world
        self._patch = monkeypatch
        self.hellos: list[tuple[float, str]] = []

    def watch(self) -> None:
        """Begin, with nothing noted."""
        assert self._world.master is not None
        self.hellos.clear()
        gate = self._world.master.gate
        let_in = gate.received

        def received(batch: list[Inbound]) -> None:
            for inbound in batch:
                verb = verb_of(inbound.frame)
                if verb is not None and verb.name == "hello":
                    self.hellos.append((self._world.clock.monotonic(), self._name(inbound.peer)))
            let_in(batch)

        self._patch.setattr(gate, "received", received)

    def _name(self, peer: str) -> str:
        for box in self._world.boxes:
            if box.keys.curve.public.hex() == peer:
                return box.id
        return "a stranger"


async def change_everything(world: World, folder: Path) -> set[str]:
    """Do what changes a fleet from day to day; return who may say hello because of it."""
    assert world.master is not None
    master, context = world.master, world.master._runner_context(ROOT)
    keys, tagged, deleted, restarted = master.keyroom, world.boxes[0], world.boxes[1], world.boxes[2]
    stranger = Box("stranger", folder, world.network, world.clock, world.dice)
    stranger.anchor, stranger.endpoint = tagged.anchor, tagged.endpoint
    world.boxes.append(stranger)
    stranger.start()
    await world.step(1.0)
    await keys.handle({"op": "key", "action": "accept", "match": "stranger"})
    await tag.set_(context, tagged.id, site="paris")
    await keys.handle({"op": "key", "action": "delete", "match": deleted.id})
    restarted.kill(power=False)
    await world.step(1.0)
    restarted.start()
    await token.create(context, token.TokenWish())
    master.reload()
    for mode in MODES:
        world.order([box.id for box in world.boxes[3:]], mode=mode)
    for _ in range(120):
        await world.step(1.0)
    return {tagged.id, deleted.id, restarted.id, "stranger"}


def test_no_change_makes_a_box_say_hello_that_it_is_not_about(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(world: World) -> None:
        await world.until("all", lambda: len(online(world)) == BOXES, 60.0)
        doorman = Doorman(world, monkeypatch)
        doorman.watch()
        touched = await change_everything(world, folder)
        said = Counter(name for _, name in doorman.hellos)
        assert set(said) == touched
        assert said["box0"] == 1, "it learns its tags"

    play(folder, body, boxes=BOXES, seed=1)


def test_lost_fleet_comes_back_over_the_time_that_the_master_set(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(world: World) -> None:
        await world.until("all", lambda: len(online(world)) == BOXES, 60.0)
        for box in world.boxes:  # they learn how many they are
            box.kill(power=False)
            await world.step(1.0)
            box.start()
        await world.until("all once more", lambda: len(online(world)) == BOXES, 60.0)
        doorman = Doorman(world, monkeypatch)
        await world.kill_master()
        await world.step(0.1)
        await world.start_master()
        doorman.watch()
        began = world.clock.monotonic()
        await world.until("all back", lambda: len(online(world)) == BOXES, 120.0, step_s=0.1)
        assert world.clock.monotonic() - began < 2 * BOXES / RECONNECT_PER_S + 30.0
        said = Counter(name for _, name in doorman.hellos)
        assert said == dict.fromkeys((box.id for box in world.boxes), 1), "each once"
        second = Counter(int(at - began) for at, _ in doorman.hellos)
        assert max(second.values()) < BOXES / 4, f"hellos in each second: {sorted(second.items())}"

    play(folder, body, boxes=BOXES, seed=1, settings={"reconnect_per_s": RECONNECT_PER_S})


def test_tag_on_all_boxes_is_told_at_the_pace_of_coming_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(world: World) -> None:
        await world.until("all", lambda: len(online(world)) == BOXES, 60.0)
        assert world.master is not None
        doorman = Doorman(world, monkeypatch)
        doorman.watch()
        began = world.clock.monotonic()
        await tag.set_(world.master._runner_context(ROOT), "*", site="paris")
        await world.until("all told", lambda: len(doorman.hellos) >= BOXES, 120.0, step_s=0.1)
        assert {box.id for box in world.boxes} == {name for _, name in doorman.hellos}
        assert all(box.tags == {"site": "paris"} for box in world.boxes)
        second = Counter(int(at - began) for at, _ in doorman.hellos)
        assert max(second.values()) <= 3 * RECONNECT_PER_S, f"hellos in each second: {sorted(second.items())}"

    play(folder, body, boxes=BOXES, seed=1, settings={"reconnect_per_s": RECONNECT_PER_S})


def online(world: World) -> list[Any]:
    """Return the sessions that the master has."""
    assert world.master is not None
    return list(world.master.sessions)
