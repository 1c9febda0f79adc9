"""Blackout: which functions a frozen box still runs, by which source, and what always runs so that it can end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from modules.blackout import held, refusal, sources_of

SOURCES = ("configuration", "grains", "pillar")
ON = {"minion_blackout": True}


def _sources(**given: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return sources_of(*(given.get(name, {}) for name in SOURCES))


def _listing(*functions: str) -> dict[str, Any]:
    return {**ON, "minion_blackout_whitelist": list(functions)}


@pytest.mark.parametrize("source", SOURCES)
def test_each_source_can_begin_one_and_is_named(source: str) -> None:
    why = refusal(("cmd.run",), "true", _sources(**{source: ON}))
    assert why == f"cmd.run is not listed, and there is a blackout by its {source} (minion_blackout)"
    assert refusal(("cmd.run",), "true", _sources(**{source: _listing("cmd.run")})) == ""


def test_list_of_another_source_does_not_count() -> None:
    elsewhere = {"minion_blackout_whitelist": ["test.ping"]}
    assert "by its grains" in refusal(("test.ping",), None, _sources(grains=ON, configuration=elsewhere))
    assert "by its grains" in refusal(("test.ping",), None, _sources(grains=ON, pillar=_listing("test.ping")))


def test_source_that_says_no_does_not_end_anothers() -> None:
    assert refusal(("test.ping",), None, _sources(grains=ON, pillar={"minion_blackout": False}))


def test_function_that_all_of_them_list_runs() -> None:
    both = _sources(grains=_listing("test.ping"), pillar=_listing("cmd.run", "test.ping"))
    assert refusal(("test.ping",), None, both) == ""
    assert "by its grains" in refusal(("cmd.run",), None, both)


@pytest.mark.parametrize("value", [False, None, 0, "", []], ids=str)
def test_what_is_plainly_off_is_no_blackout(value: object) -> None:
    assert refusal(("cmd.run",), None, _sources(grains={"minion_blackout": value})) == ""


@pytest.mark.parametrize("value", [True, 1, "yes", "False", "no", [False], {"a": 1}], ids=str)
def test_whatever_else_stands_there_is_one(value: object) -> None:
    assert refusal(("cmd.run",), None, _sources(grains={"minion_blackout": value}))


@pytest.mark.parametrize(
    "listed",
    ["test.pingx", "atest.ping", ["test.*"], ["*"], {"test.ping": True}, [["test.ping"]], True, 1],
    ids=str,
)
def test_name_counts_whole_and_in_a_list_only(listed: object) -> None:
    frozen = _sources(pillar={**ON, "minion_blackout_whitelist": listed})
    assert refusal(("test.ping",), None, frozen)


def test_text_is_a_list_of_one() -> None:
    assert (
        refusal(("test.ping",), None, _sources(grains={**ON, "minion_blackout_whitelist": "test.ping"})) == ""
    )


def test_own_name_and_the_name_that_was_asked_count() -> None:
    asked = ("saltutil.running", "minion.running")
    assert refusal(asked, None, _sources(grains=_listing("minion.running"))) == ""
    assert refusal(asked, None, _sources(grains=_listing("saltutil.running"))) == ""
    assert refusal(asked, None, _sources(grains=_listing("saltutil.find_job")))


@pytest.mark.parametrize(
    "fun",
    ["saltutil.refresh_pillar", "saltutil.refresh_grains", "minion.refresh_pillar", "minion.refresh_grains"],
)
def test_looking_at_the_sources_again_always_runs(fun: str) -> None:
    assert refusal((fun,), None, _sources(configuration=ON, grains=ON, pillar=ON)) == ""


@pytest.mark.parametrize("fun", ["grains.setval", "grains.set", "grains.delval", "grains.delkey"])
def test_grains_of_the_blackout_can_be_changed_and_no_others(fun: str) -> None:
    frozen = _sources(grains=ON)
    assert refusal((fun,), "minion_blackout", frozen) == ""
    assert refusal((fun,), "minion_blackout_whitelist", frozen) == ""
    for key in ("role", "minion_blackout:x", "minion_blackout ", None, "", ["minion_blackout"]):
        assert refusal((fun,), key, frozen)


@pytest.mark.parametrize(
    "fun", ["cmd.run", "grains.setvals", "saltutil.sync_modules", "saltutil.kill_job", "state.apply"]
)
def test_key_of_the_blackout_as_another_functions_argument_is_nothing(fun: str) -> None:
    assert refusal((fun,), "minion_blackout", _sources(grains=ON))


def test_kept_job_is_held_unless_it_could_end_the_blackout() -> None:
    assert "by its grains" in held("pkg.upgrade", _sources(grains=ON))
    assert held("grains.setval", _sources(grains=ON)) == ""
    assert held("saltutil.refresh_pillar", _sources(grains=ON)) == ""
    assert held("pkg.upgrade", _sources()) == ""
