"""Where results are written, and in which look: the bridge to `shoal.outputters`.

The outputters are imported when the request is on its way (or when `--out` names one), not before.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import Any, Final, TextIO

from master.cli.options import wants_colour
from shoal.errors import ConfigError
from shoal.exits import UsageError
from shoal.state_look import StateLook
from shoal.state_options import state_look

NESTED: Final = "nested"
WHOLE: Final = frozenset({"json", "table"})  # one document: they need all results at once
_USUAL: Final = StateLook()
FOR_MACHINES: Final = WHOLE | {"newline_values_only", "pprint", "quiet", "raw", "txt", "yaml"}


class Output:
    """A stream and a look. `out` is what the operator asked for, empty if nothing."""

    def __init__(
        self,
        stream: TextIO,
        *,
        out: str = "",
        indent: int = 4,
        colour: bool = False,
        states: StateLook = _USUAL,
    ) -> None:
        self.out = out
        self.colour = colour
        self._stream = stream
        self._indent = indent
        self._states = states

    @property
    def needs_everything(self) -> bool:
        """Whether this look is one document rather than one a result."""
        return self.out in WHOLE

    @property
    def for_machines(self) -> bool:
        """Whether a program may be reading: then nothing but results goes to the stream."""
        return self.out in FOR_MACHINES

    def prepare(self) -> None:
        """Import the usual look now, while the master is at work."""
        from shoal.outputters import render

        render({}, self.out or NESTED)

    def value(self, data: Any, wished: str = "") -> None:
        """Write results by minion, or a bare value.

        `wished` is the function's own look; it counts when the operator named none and it exists here.
        """
        from shoal.outputters import names, render  # see `prepare`

        out = self.out or (wished if wished in names() else NESTED)
        self.line(render(data, out, indent=self._indent, colour=self.colour, states=self._states))

    def aside(self, text: str) -> None:
        """Write what is about the results, where it does not get between what a program reads."""
        mixed = self.for_machines and self._stream is sys.stdout
        print(text, file=sys.stderr if mixed else sys.stdout, flush=True)

    def line(self, text: str) -> None:
        """Write `text` and let it be seen at once."""
        if text:
            self._stream.write(text if text.endswith("\n") else text + "\n")
            self._stream.flush()


def check_out(name: str) -> None:
    """Refuse an `--out` that does not exist, before a job is sent. Raises UsageError."""
    if not name:
        return
    from shoal.outputters import check_name  # only who names one pays for it here

    try:
        check_name(name)
    except ConfigError as error:
        raise UsageError(f"--out: {error}") from None


@contextlib.contextmanager
def open_output(options: argparse.Namespace) -> Iterator[Output]:
    """Yield the output that `options` ask for. Raises UsageError if the file cannot be written."""
    look = {
        "out": options.out,
        "indent": options.out_indent,
        "colour": wants_colour(options),
        "states": state_look(options),
    }
    if not options.out_file:
        yield Output(sys.stdout, **look)
        return
    with _opened(options.out_file, append=options.out_file_append) as stream:
        yield Output(stream, **look)


def _opened(name: str, *, append: bool) -> TextIO:
    from pathlib import Path  # only who names a file pays for it

    try:
        return Path(name).open("a" if append else "w", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out-file {name} cannot be written: {error.strerror}") from None
