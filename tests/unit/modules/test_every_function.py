"""What holds for every function there is, also for those that are written tomorrow."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shlex
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest

from modules import status
from modules.context import Context
from modules.registry import Registry
from modules.result import Result
from shoal.functions.function import Function
from shoal.functions.signature import bind
from shoal.wire import MAX_DEPTH, encode, plain
from tests.unit.modules import reasons

REGISTRY = Registry()
NAMES = sorted({REGISTRY.get(name).name for name in REGISTRY.names()})
EXAMPLE = re.compile(r"^    shoal '[^']+' (.+)$", re.MULTILINE)

# Examples that are only bound to their signature here, not run, and why.
NOT_RUN: dict[str, str] = {}
for _file in pkgutil.iter_modules(reasons.__path__):
    NOT_RUN |= importlib.import_module(f"{reasons.__name__}.{_file.name}").NOT_RUN

# Functions whose replay is not "safe", but whose examples do no harm on the fakes or on the box.
HARMLESS = ("cmd.", "minion.")


def examples(function: Function) -> list[str]:
    return EXAMPLE.findall(function.doc.partition("CLI Example:")[2])


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_SAMPLE_S", 0.01)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_typed_and_documented(name: str) -> None:
    function = REGISTRY.get(name)
    hints = get_type_hints(function.call)
    assert hints["ctx"] is Context
    assert "return" in hints
    assert function.usage.startswith(f"{name}(")  # every parameter is of a type that can be given
    first = function.doc.partition("\n")[0]
    assert first.endswith(".")
    assert first[0].isupper()
    assert len(first) <= 120
    assert not first.split()[0].endswith("s")  # an imperative sentence: `Return`, not `Returns`
    assert "\n\nCLI Example:\n\n    shoal '" in function.doc
    assert examples(function)
    encode(plain(function.schema()))


def test_reasons_are_given_for_functions_that_exist() -> None:
    assert not NOT_RUN.keys() - set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_examples_work(name: str, ctx: Context) -> None:
    function = REGISTRY.get(name)
    for line in examples(function):
        asked, *words = shlex.split(line)
        if "--" in words:
            words.remove("--")  # as the program does: what follows may begin with a dash
        assert REGISTRY.get(asked).name == name
        args, kwargs = bind(function, words, {}, from_text=True)
        if name in NOT_RUN:
            continue
        assert function.replay == "safe" or name.startswith(HARMLESS), (
            f"{name}: run its example, or say why not"
        )
        value = function.call(ctx, *args, **kwargs)
        assert depth(value.value if isinstance(value, Result) else value) < MAX_DEPTH - 8
        encode(plain(value.value if isinstance(value, Result) else value))


def depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return 1 + max(map(depth, inner), default=0)


def test_table_of_exceptions_is_not_stale() -> None:
    assert NOT_RUN.keys() <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_inline_functions_start_no_process_and_do_not_wait(
    name: str, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = REGISTRY.get(name)
    if not function.inline:
        return
    for forbidden in ("subprocess.Popen", "os.fork", "time.sleep", "socket.socket.connect"):
        monkeypatch.setattr(forbidden, refuse(forbidden))
    for line in examples(function):
        args, kwargs = bind(function, shlex.split(line)[1:], {}, from_text=True)
        function.call(ctx, *args, **kwargs)


def refuse(what: str) -> Callable[..., None]:
    def call(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError(f"an inline function used {what}")

    return call
