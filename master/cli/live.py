"""What jobs say while they run (`--stream`), as lines behind the minion's id: `web-1 | Unpacking…`.

The text comes from boxes: it is cleaned as results are. A piece need not end with a line; what is begun waits, up
to a bound, for its rest. Missing numbers in a minion's pieces are a gap, and shown as one.
"""

from __future__ import annotations

from typing import Any, Final

from master.cli.output import Output

GAP: Final = "[... some output is not shown here ...]"
_MAX_BEGUN: Final = 16 * 1024  # characters of a line


class LiveLines:
    """Writes the lines beside the results: on stdout, on stderr if that is for programs, nowhere with `quiet`."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._begun: dict[str, str] = {}
        self._seq: dict[str, int] = {}

    def add(self, message: dict[str, Any]) -> None:
        """Take an `output` or `step` event."""
        minion, seq, text = message["id"], message["seq"], message["text"]
        if seq != self._seq.get(minion, 0) + 1:
            self.finish(minion)
            self._write(minion, GAP)
        self._seq[minion] = seq
        if message["event"] == "step":
            self._write(minion, f"[{text}]")
            return
        whole, end, begun = (self._begun.pop(minion, "") + text).rpartition("\n")
        if end:
            self._write(minion, whole + "\n")
        if len(begun) > _MAX_BEGUN:
            self._write(minion, begun)
        elif begun:
            self._begun[minion] = begun

    def finish(self, minion: str) -> None:
        """Write the line that `minion` has begun: nothing more is to come."""
        begun = self._begun.pop(minion, "")
        if begun:
            self._write(minion, begun)

    def _write(self, minion: str, text: str) -> None:
        from shoal.outputters.terminal import lines  # only who streams pays for it

        if self._output.out != "quiet":
            found = lines(text) or [""]
            self._output.aside("\n".join(f"{minion} | {line}".rstrip() for line in found))
