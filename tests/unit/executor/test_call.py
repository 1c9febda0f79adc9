"""Calling a function: whatever it does becomes an ending."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from minion.desk.client import DeskClient
from minion.executor.call import Bounds, Ending, Interruption, call_function
from minion.executor.control import JobView, World, make_context
from minion.executor.inline import time_limit
from modules.context import Context
from modules.registry import Registry
from shoal.errors import ModuleError, UnknownFunctionError, WireError
from shoal.functions.function import Function, Marks, Replay
from shoal.job import Job
from shoal.wire import decode
from tests.integration.executor.rig import make_job


class OneFunction:
    """A registry with one function, `probe.f`."""

    def __init__(self, call: Callable[..., Any], replay: Replay = "never") -> None:
        self._function = Function("probe.f", call, Marks(inline=True, out="txt", replay=replay))

    def get(self, name: str) -> Function:
        """Return the function."""
        if name != "probe.f":
            raise UnknownFunctionError(f"'{name}' is not available.")
        return self._function


def _context(job: Job, call: Callable[..., Any]) -> Context:
    posted: list[dict[str, Any]] = []
    jobs = JobView(job, list, posted.append)
    registry = cast("Registry", OneFunction(call))
    return make_context(
        World(minion_id="box"), registry, job, jobs, posted.append, DeskClient(Path("desk"), Path("cache"))
    )


def _call(call: Callable[..., Any], *args: Any, fun: str = "f", memory: int = 0) -> tuple[Ending, Any]:
    job = make_job(fun, *args)
    bounds = Bounds(output_max_bytes=4096, memory_max_bytes=memory)
    ending = call_function(job, _context(job, call), bounds)
    assert Ending.from_wire(ending.to_wire(), 4096) == ending
    return ending, decode(ending.packed, 4096)


def _raise(error: BaseException) -> Callable[[Context], Any]:
    def call(ctx: Context) -> Any:
        raise error

    return call


def test_value_and_outputter() -> None:
    def call(ctx: Context, word: str) -> str:
        return ctx.minion_id + word

    ending, value = _call(call, "!")
    assert (ending.outcome, ending.retcode, ending.out, value) == ("done", 0, "txt", "box!")


@pytest.mark.parametrize(
    ("error", "outcome", "retcode", "text"),
    [
        (ModuleError("cannot"), "failed", 1, "cannot"),
        (ModuleError(), "failed", 1, "ModuleError"),
        (ValueError("bad"), "failed", 1, "caused an exception: ValueError: bad (executor/test_call.py:"),
        (ValueError(), "failed", 1, "caused an exception: ValueError (executor/"),
        (SystemExit(), "failed", 1, "The function called sys.exit instead of returning."),
        (SystemExit(0), "failed", 1, "called sys.exit with 0"),
        (SystemExit(300), "failed", 1, "called sys.exit with 300"),
        (SystemExit(4), "failed", 4, "called sys.exit with 4"),
        (GeneratorExit(), "failed", 1, "GeneratorExit"),
        (RecursionError("deep"), "failed", 1, "RecursionError: deep"),
        (MemoryError(), "failed", 1, "MemoryError"),
        (Interruption("timed_out", "too slow"), "timed_out", 1, "too slow"),
    ],
)
def test_every_exception_is_an_ending(error: BaseException, outcome: str, retcode: int, text: str) -> None:
    ending, value = _call(_raise(error))
    assert (ending.outcome, ending.retcode) == (outcome, retcode)
    assert text in value


def test_memory_limit_is_named_where_there_is_one() -> None:
    ending, value = _call(_raise(MemoryError()), memory=64 * 1024 * 1024)
    assert (ending.outcome, value) == ("killed", "The function needed more memory than the limit of 64 MiB.")


def test_long_messages_are_trimmed_too() -> None:
    ending, value = _call(_raise(ModuleError("x" * 100_000)))
    assert "bytes trimmed here" in value and ending.trimmed > 90_000


def test_unknown_function_and_wrong_arguments() -> None:
    assert _call(lambda ctx: None, fun="g")[1] == "'probe.g' is not available."
    ending, value = _call(lambda ctx: None, 1, 2)
    assert ending.outcome == "failed" and "probe.f" in value


@pytest.mark.parametrize(
    "change", [{"outcome": "fine"}, {"packed": b"x" * 5000}, {"retcode": 2**40}, {"more": 1}]
)
def test_ending_from_a_child_is_checked(change: dict[str, Any]) -> None:
    good = Ending(outcome="done", retcode=0, packed=b"\xc0").to_wire()
    with pytest.raises(WireError):
        Ending.from_wire(good | change, 4096)


def test_inline_function_that_takes_too_long_is_interrupted() -> None:
    def call(ctx: Context) -> None:
        try:
            time.sleep(10)
        except Exception:
            raise AssertionError("an Exception it is not") from None

    with time_limit(0.05, "The inline function f"):
        ending, value = _call(call)
    assert (ending.outcome, value) == (
        "timed_out",
        "The inline function f took longer than 0.05 s and was stopped.",
    )


def test_quick_inline_function_leaves_no_alarm() -> None:
    with time_limit(0.05, "f"):
        pass
    time.sleep(0.08)
    with time_limit(0, "f"):
        time.sleep(0.01)


def test_signalling_needs_a_signal_number() -> None:
    job = make_job("f")
    view = JobView(job, list, lambda message: None)
    with pytest.raises(ModuleError):
        view.signal(job.jid, 0)
    assert view.signal(job.jid, 9) is False  # no such job, and never itself


def _frozen(job: Job, since: float = 0.0, **world: Any) -> tuple[Ending, Any]:
    def call(ctx: Context) -> str:
        return "it ran"

    registry = cast("Registry", OneFunction(call, "safe"))
    jobs = JobView(job, list, [].append)
    desk = DeskClient(Path("desk"), Path("cache"))
    context = make_context(World(minion_id="box", **world), registry, job, jobs, [].append, desk)
    ending = call_function(job, context, Bounds(output_max_bytes=4096), since)
    return ending, decode(ending.packed, 4096)


@pytest.mark.parametrize(
    ("given", "source"), [("settings", "configuration"), ("grains", "grains"), ("pillar", "pillar")]
)
def test_blackout_of_each_source_refuses_and_its_list_allows(
    given: str, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    ending, text = _frozen(make_job("f"), **{given: {"minion_blackout": True}})
    why = f"probe.f is not listed, and there is a blackout by its {source} (minion_blackout)"
    assert (ending.outcome, ending.retcode, text) == ("refused", 1, f"Refused by this minion: {why}")
    assert [record.getMessage() for record in caplog.records] == [f"refused: {why}"]
    listed = {"minion_blackout": True, "minion_blackout_whitelist": ["probe.f"]}
    ending, text = _frozen(make_job("f"), **{given: listed})
    assert (ending.outcome, text) == ("done", "it ran")


def test_job_that_had_begun_before_a_blackout_is_of_unknown_outcome() -> None:
    ending, text = _frozen(make_job("f"), since=1000.0, grains={"minion_blackout": True})
    assert ending.outcome == "outcome_unknown"
    assert "blackout by its grains" in text
