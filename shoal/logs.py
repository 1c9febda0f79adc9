"""Logging for programs: lines for people or JSON for machines, with the `extra` fields of each record.

1. To stderr (the service manager keeps it), or to a file that logrotate may move away at any time.
2. One record is one line, whatever a stranger put into it; only a traceback takes more, in text.
3. `Secret`s are stars by themselves. Their text is also replaced where it got into a message another way (a
   database driver that shows its URL).
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TextIO

from shoal.errors import ConfigError
from shoal.outputters.terminal import clean, clean_line
from shoal.secret import STARS, Secret

# Salt's names; what Python does not have is the nearest.
LEVELS: Final = {
    "all": logging.DEBUG,
    "garbage": logging.DEBUG,
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "profile": logging.INFO,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "quiet": logging.CRITICAL + 10,
}
FORMATS: Final = ("text", "json")
_MIN_SECRET: Final = 6  # shorter ones would blot out ordinary words
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_logging(
    level: str = "warning",
    *,
    style: str = "text",
    file: Path | None = None,
    stream: TextIO | None = None,
    secrets: Iterable[Secret] = (),
) -> logging.Handler:
    """Send what this program logs to `file`, or to `stream` (stderr); return the handler.

    Replaces what an earlier call has set up. `secrets` are replaced by stars wherever their text turns up.

    Raises:
        ConfigError: no such level, or the file cannot be written.
    """
    if level not in LEVELS:
        raise ConfigError(f"unknown log level {level[:40]!r}. Use one of: {', '.join(LEVELS)}")
    handler = _handler(file, stream)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(SecretFilter(secrets))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, (JsonFormatter, TextFormatter)):
            root.removeHandler(old)
            old.close()
    root.addHandler(handler)
    root.setLevel(LEVELS[level])
    return handler


def _handler(file: Path | None, stream: TextIO | None) -> logging.Handler:
    if file is None:
        return logging.StreamHandler(stream or sys.stderr)
    from logging.handlers import WatchedFileHandler  # drags in sockets, queues and pickle

    try:
        return WatchedFileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise ConfigError(f"log_file: {file} cannot be written: {error.strerror}") from None


class SecretFilter(logging.Filter):
    """Replaces the text of secrets in messages, tracebacks and extra fields."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        super().__init__()
        texts = {part for secret in secrets for part in _parts(secret.reveal()) if len(part) >= _MIN_SECRET}
        self._texts = sorted(texts, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite `record` in place; always let it pass."""
        if self._texts:
            record.msg, record.args = self._hide(_message(record)), None
            if record.exc_info and not record.exc_text:
                record.exc_text = logging.Formatter().formatException(record.exc_info)
            if record.exc_text:
                record.exc_text = self._hide(record.exc_text)
            for name, value in extra_fields(record).items():
                setattr(record, name, self._hide_in(value))
        return True

    def _hide(self, text: str) -> str:
        for secret in self._texts:
            text = text.replace(secret, STARS)
        return text

    def _hide_in(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._hide_in(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._hide_in(item) for item in value]
        return value if value is None or isinstance(value, (bool, int, float)) else self._hide(str(value))


def _parts(text: str) -> list[str]:
    """Return `text` and, of a URL, the password in it: drivers show it alone."""
    _scheme, found, rest = text.partition("://")
    login, at, _host = rest.rpartition("@")
    return [text, login.partition(":")[2]] if found and at else [text]


class TextFormatter(logging.Formatter):
    """`2026-11-21T09:15:00.123Z [WARNING ] minion.session: text action=… jid=…`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and below it its traceback if it has one."""
        line = f"{_time(record)} [{record.levelname:<8}] {record.name}: {clean_line(_message(record))}"
        line += "".join(f" {name}={_word(value)}" for name, value in _flat(extra_fields(record)))
        trace = _traceback(record)
        return f"{line}\n{clean(trace)}" if trace else line


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extra fields, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        import json  # only for those who ask for it

        fields = {
            **extra_fields(record),
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        trace = _traceback(record)
        if trace:
            fields["exception"] = trace
        return json.dumps(fields, default=str)


def extra_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what the caller gave as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _OWN}


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # a wrong number of arguments must not lose the line
        return f"{record.msg} {record.args}"


def _time(record: logging.LogRecord) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{whole}.{int(record.created % 1 * 1000):03d}Z"


def _traceback(record: logging.LogRecord) -> str:
    if record.exc_text:
        return record.exc_text
    return logging.Formatter().formatException(record.exc_info) if record.exc_info else ""


def _flat(fields: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Return `job={"jid": …}` as `jid=…`, one level down: that is how a person greps."""
    for name, value in fields.items():
        if isinstance(value, Mapping):
            yield from ((str(inner), item) for inner, item in value.items())
        else:
            yield name, value


def _word(value: Any) -> str:
    text = clean_line(str(value))
    return repr(text) if not text or " " in text or "=" in text else text
