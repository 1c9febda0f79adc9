"""A crontab that lies in a file of the box."""

from __future__ import annotations

from typing import Final

from shoal.errors import ModuleError

_MAX_BYTES: Final = 256 * 1024  # what cron itself takes at most


def read_file(path: str) -> str:
    """Return the text of the file. Raises ModuleError."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a bounded read
            data = file.read(_MAX_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ModuleError(f"{path} is not text in UTF-8") from None
    if len(data) > _MAX_BYTES or "\0" in text:
        raise ModuleError(f"{path} is no crontab: it holds a NUL or more than {_MAX_BYTES} bytes")
    return text if text.endswith("\n") or not text else f"{text}\n"
