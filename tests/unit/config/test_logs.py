"""Log lines: fields, one line each, no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoal.errors import ConfigError
from shoal.logs import JsonFormatter, SecretFilter, TextFormatter, set_up_logging
from shoal.secret import Secret

log = logging.getLogger("minion.session")


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if isinstance(handler.formatter, (JsonFormatter, TextFormatter)):
            root.removeHandler(handler)
            handler.close()


def test_text_line_has_fields() -> None:
    stream = io.StringIO()
    set_up_logging("info", stream=stream)
    log.info(
        "job %s done", 7, extra={"action": "job_done", "job": {"jid": "1", "fun": "test.ping"}, "note": "a b"}
    )
    line = stream.getvalue()
    assert line.endswith(
        " [INFO    ] minion.session: job 7 done action=job_done jid=1 fun=test.ping note='a b'\n"
    )
    assert line[:4].isdecimal()
    assert line[23] == "Z"


def test_json_line_has_fields() -> None:
    stream = io.StringIO()
    set_up_logging("info", style="json", stream=stream)
    log.warning("job %s", 7, extra={"action": "x", "job": {"jid": "1"}, "secret": Secret("hunter22")})
    fields = json.loads(stream.getvalue())
    assert fields.pop("time")[-1] == "Z"
    assert fields == {
        "action": "x",
        "job": {"jid": "1"},
        "secret": "******",
        "level": "warning",
        "logger": "minion.session",
        "message": "job 7",
    }


@pytest.mark.parametrize("style", ["text", "json"])
def test_a_stranger_cannot_write_a_line_of_its_own(style: str) -> None:
    stream = io.StringIO()
    set_up_logging("info", style=style, stream=stream)
    log.info("from %s", "x\n2026 [ERROR] forged\x1b[2J", extra={"action": "a\nb"})
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("style", ["text", "json"])
def test_secrets_are_stars_wherever_they_turn_up(style: str) -> None:
    stream = io.StringIO()
    url = Secret("postgresql://shoal:pass-word@db/x")
    set_up_logging("info", style=style, stream=stream, secrets=[url, Secret(""), Secret("ab")])
    try:
        raise ValueError(f"cannot open {url.reveal()} ab")
    except ValueError:
        log.exception("with pass-word", extra={"job": {"a": ["pass-word", 1, None]}, "url": url, "n": 3})
    assert "pass-word" not in stream.getvalue()
    assert "******" in stream.getvalue()
    assert "Traceback" in stream.getvalue()
    assert " ab" in stream.getvalue()


def test_wrong_arguments_do_not_lose_the_line() -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "two %s %s", ("one",), None)
    assert SecretFilter([Secret("hunter22")]).filter(record)
    assert "two %s %s ('one',)" in TextFormatter().format(record)


def test_level_is_obeyed_and_a_second_call_replaces_the_first() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up_logging("debug", stream=first)
    set_up_logging("quiet", stream=second)
    log.critical("x")
    assert (first.getvalue(), second.getvalue()) == ("", "")


def test_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^unknown log level 'loud'\. Use one of: all, garbage, "):
        set_up_logging("loud")


def test_file_may_be_moved_away(tmp_path: Path) -> None:
    path = tmp_path / "log"
    set_up_logging("info", file=path)
    log.info("one")
    path.rename(tmp_path / "log.1")
    log.info("two")
    assert "one" in (tmp_path / "log.1").read_text()
    assert "two" in path.read_text()


def test_file_that_cannot_be_written_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^log_file: /.*/no/log cannot be written: No such file or directory$"
    ):
        set_up_logging("info", file=tmp_path / "no" / "log")
