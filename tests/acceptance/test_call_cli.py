"""`shoal-call`: functions on the box itself, without a master."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fleet import Fleet, short_folder


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A box that was never joined; nothing runs."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.configure_minion("web-1")
        yield fleet


def call(fleet: Fleet, *words: str) -> Any:
    done = fleet.program("shoal-call", "--root", str(fleet.minion_root("web-1")), *words)
    assert done.stderr == ""
    return json.loads(done.stdout)


CALLS: list[tuple[list[str], Any]] = [
    (["--local", "--out=json", "test.ping"], True),
    (["test.ping", "--local", "--out=json"], True),
    (["test.echo", "--out", "json", "16:10", "--local"], "16:10"),
    (["--out=json", "test.arg", "--", "--local", "-x"], {"args": ["--local", "-x"], "kwargs": {}}),
    (["--out=json", "test.arg", "-5", "a=1"], {"args": [-5], "kwargs": {"a": 1}}),
    (["--out=json", "--skip-grains", "cmd.run", "echo $((6 * 7)) | cat"], "42"),
    (["--out=json", "--skip-grains", "cmd.run", '["echo", "$((6 * 7)) | cat"]'], "$((6 * 7)) | cat"),
]


@pytest.mark.parametrize(("words", "value"), CALLS)
def test_options_stand_before_or_after(fleet: Fleet, words: list[str], value: Any) -> None:
    assert call(fleet, *words) == {"local": value}


def test_failure_is_the_exit_code(fleet: Fleet) -> None:
    root = str(fleet.minion_root("web-1"))
    assert fleet.program("shoal-call", "--root", root, "cmd.run", "exit 3", check=False).returncode == 1
    done = fleet.program(
        "shoal-call", "--root", root, "cmd.run", "exit 3", "--retcode-passthrough", check=False
    )
    assert done.returncode == 3
