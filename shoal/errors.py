"""Every error Shoal raises on purpose, by who is wrong.

    ShoalError
    ├── ConfigError      the operator's configuration or command line
    ├── WireError        bytes from the other side are not what the protocol says
    ├── TrustError       bytes are well formed but must not be believed; carries a short `reason`
    ├── TargetError      a target expression cannot be read
    ├── RenderError      a template or data file cannot be rendered; carries file, line and the lines around
    ├── ModuleError      an execution module was asked for something it cannot do
    │   ├── UnknownFunctionError
    │   ├── ArgumentError
    │   ├── CommandError
    │   ├── AlteredError       a synced file is not what the master has signed
    │   └── UnavailableError   not on this box: it lacks the program or system that this is for
    ├── StoreError       the master's database
    │   ├── ConflictError    undone because of another writer; may be tried again
    │   └── JidTakenError    a job has this jid already
    └── DeliveryError    a message cannot be handed over (no connection, queue full)
        ├── LedgerError  a minion's file of jobs and returns cannot be read or written
        └── ReturnerError      a returner's receiver did not take a batch
            ├── ReceiverAwayError  it was not reached; tried again for as long as the queue keeps it
            ├── TryAgainError      it was reached and did not take it now; given up after many tries
            └── RefusedError       it will never take this content: a dead letter

A message says what was wrong, where, and what to do. It is one line: programs print it as it is.
Strangers' exceptions are translated where they enter.
"""

from __future__ import annotations


class ShoalError(Exception):
    """Root of all errors that Shoal explains to its user."""


class ConfigError(ShoalError):
    """A configuration file or command line is wrong; the text names file:line or the option."""


class WireError(ShoalError):
    """Bytes from outside are malformed, too large or too deep."""


class TrustError(ShoalError):
    """Well-formed bytes that must not be believed.

    `reason` is one lower-case word or two for counters and logs (`bad signature`, `expired`, `replayed`).
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else reason)


class TargetError(ShoalError):
    """A target expression cannot be read; the text shows the place."""


class RenderError(ShoalError):
    """A template or data file cannot be rendered.

    The text is one line that is fit for a log. `block()` adds lines of the file, which may hold secrets: it is for
    whoever may read the file. `line` is 0 where it is not known; `chain` are the places that led here, `file:line`,
    the outermost first.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str = "",
        line: int = 0,
        lines: tuple[tuple[int, str], ...] = (),
        chain: tuple[str, ...] = (),
    ) -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.lines = lines
        self.chain = chain
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        led = f" (from {', from '.join(reversed(chain))})" if chain else ""
        super().__init__(f"{place}{problem}{led}")

    def block(self) -> str:
        """Return the error with the lines around it, for the operator."""
        width = len(str(self.lines[-1][0])) if self.lines else 0
        shown = [
            f"  {'>' if number == self.line else ' '} {number:>{width}} | {text[:160]}"
            for number, text in self.lines
        ]
        return "\n".join([str(self), *shown])


class ModuleError(ShoalError):
    """An execution function cannot do what it was asked; becomes a failed return, never a crash."""


class UnknownFunctionError(ModuleError):
    """No such function; the text suggests near names."""


class ArgumentError(ModuleError):
    """Arguments do not fit the function's signature; the text shows the signature."""


class CommandError(ModuleError):
    """A process could not be started or ran out of time."""


class AlteredError(ModuleError):
    """A synced file on this box is not what the master has signed, or is not there."""


class UnavailableError(ModuleError):
    """This box cannot do that; the text says `NAME is not available here because …`."""

    def __init__(self, name: str, because: str) -> None:
        super().__init__(f"{name} is not available here because {because}")


class StoreError(ShoalError):
    """The master's database refused or is away."""


class ConflictError(StoreError):
    """The database gave the whole call up because of another writer at the same rows; it may be tried again."""


class JidTakenError(StoreError):
    """A job with this jid is stored already: another master made it in the same microsecond."""


class DeliveryError(ShoalError):
    """A message could not be handed over."""


class LedgerError(DeliveryError):
    """The minion's ledger cannot be read or written now; nothing of the call was kept, the next one tries again."""


class ReturnerError(DeliveryError):
    """A returner's receiver did not take a batch. Raise one of the three below; the text holds no secret or value."""


class ReceiverAwayError(ReturnerError):
    """The receiver was not reached: nothing says that anything is wrong with what it was to get."""


class TryAgainError(ReturnerError):
    """The receiver was reached and did not take the batch; it may later, or once somebody has put it right."""


class RefusedError(ReturnerError):
    """The receiver will never take this batch as it is; sent alone, some of its returns may be taken."""
