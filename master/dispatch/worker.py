"""Serves one returner: takes what waits for it, a batch at a time, until the receiver has it.

1. Delivered means that `deliver` came back; only then are the rows deleted. A kill in between delivers them again.
2. Not reached: tried again with full jitter, for as long as the queue keeps it. Reached and not taken: smaller batches,
   down to one return, which is a dead letter after `tries_max`. Refused: halved at once, and one alone is dead.
3. The queue is bounded by rows and age; what is dropped is counted, logged and told.
4. Blocks; runs in a thread of its own and touches nothing of the master's loop but `tell`.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from master.store.dispatches import Dispatches
from master.store.returns import Key
from returners.contract import Batch, Returner, ReturnerOptions
from shoal.clock import Clock
from shoal.errors import ReceiverAwayError, RefusedError, ReturnerError, StoreError, TryAgainError
from shoal.secret import STARS

log = logging.getLogger(__name__)

_NOT_MINE_S: Final = 2.0
_TRIM_S: Final = 10.0
_FIRST_S: Final = 0.5  # at most, before the second try; doubles
_REFUSED_IN_A_ROW: Final = 20  # then it is not each return that is wrong, and the receiver is spared
_MAX_TEXT: Final = 300
_MIN_SECRET: Final = 6  # shorter ones would blot out ordinary words, as in the logs


@dataclass(slots=True)
class Standing:
    """How it goes with one returner since the master's start. Times are epoch seconds, 0: never."""

    delivered: int = 0
    dropped: int = 0
    dead: int = 0
    tries: int = 0  # in a row that failed, refusals not counted
    last_success: float = 0.0
    last_error: str = ""
    last_error_at: float = 0.0


@dataclass(slots=True)
class _Pace:
    """How much is tried at once, and how long is waited after a failure."""

    most: int
    limit: int = field(init=False)
    failures: int = 0  # in a row, of whatever kind: for the wait
    counted: int = 0  # of these, the ones that end as dead letters
    refused: int = 0

    def __post_init__(self) -> None:
        self.limit = self.most

    def went_well(self) -> None:
        """Take more at once again, and wait no longer."""
        self.limit = min(self.most, self.limit * 2)
        self.failures = self.counted = self.refused = 0

    def halve(self, size: int) -> None:
        """Try half of `size` next."""
        self.limit = max(1, size // 2)

    def wait(self, random: Random, max_s: float) -> float:
        """Return how long to wait after one more failure: full jitter."""
        ceiling = min(max_s, _FIRST_S * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return random.uniform(0.0, ceiling)


class Worker:
    """See the module docstring. `tell` is given the last part of an event's tag and its data."""

    def __init__(
        self,
        name: str,
        returner: Returner,
        options: ReturnerOptions,
        *,
        queue: Dispatches,
        tell: Callable[[str, dict[str, Any]], None],
        clock: Clock,
        random: Random,
    ) -> None:
        self.name = name
        self.options = options
        self.standing = Standing()
        self._returner = returner
        self._queue = queue
        self._tell = tell
        self._clock = clock
        self._random = random
        self._pace = _Pace(options.batch_max_rows)
        self._next_trim = 0.0
        self._unnoted: tuple[Key, ...] = ()  # delivered, and the store does not know it yet

    def step(self) -> float | None:
        """Do one thing; return the seconds until the next one, or None when nothing is queued."""
        try:
            with self._queue.turn(self.name) as mine:
                return self._serve() if mine else _NOT_MINE_S
        except StoreError as error:
            log.warning("returner %s: %s", self.name, error, extra={"action": "returner_store_away"})
            return self._pace.wait(self._random, self.options.retry_max_s)
        except Exception as error:  # this thread must live
            log.exception("returner %s", self.name, extra={"action": "returner_failed"})
            self._note_error(TryAgainError(_strange(error)))
            return self._pace.wait(self._random, self.options.retry_max_s)

    def check(self) -> None:
        """Ask the receiver whether it would take something. Raises ReturnerError."""
        try:
            self._returner.check()
        except Exception as error:
            known = self._known(error)
            raise type(known)(self._hidden(str(known))) from None

    def _serve(self) -> float | None:
        if self._unnoted:
            self._note_delivered()
        self._trim()
        batch = self._queue.next_batch(
            self.name,
            max_rows=self._pace.limit,
            max_bytes=self.options.batch_max_bytes,
            arguments=self.options.send_arguments,
        )
        if not batch:
            return None
        try:
            self._returner.deliver(batch)
        except Exception as error:
            return self._failed(batch, self._known(error))
        self._went_well(batch)
        return 0.0

    def _went_well(self, batch: Batch) -> None:
        standing = self.standing
        if standing.tries:
            log.warning("returner %s: its receiver is back", self.name, extra={"action": "returner_back"})
            self._tell("back", {"tries": standing.tries})
        standing.tries, standing.last_success = 0, self._clock.time()
        standing.delivered += len(batch)
        self._pace.went_well()
        self._unnoted = _keys(batch)
        self._note_delivered()

    def _note_delivered(self) -> None:
        self._queue.done(self.name, self._unnoted)
        self._unnoted = ()

    def _failed(self, batch: Batch, error: ReturnerError) -> float:
        self._note_error(error)
        pace = self._pace
        if isinstance(error, RefusedError):
            return self._refused(batch)
        if not isinstance(error, ReceiverAwayError):
            pace.counted += 1
            if pace.counted >= self.options.tries_max and len(batch) == 1:
                self._bury(batch)
                pace.counted = 0
            else:
                pace.halve(len(batch))
        return pace.wait(self._random, self.options.retry_max_s)

    def _refused(self, batch: Batch) -> float:
        pace = self._pace
        if len(batch) > 1:
            pace.halve(len(batch))
            return 0.0
        self._bury(batch)
        pace.refused += 1
        few = pace.refused < _REFUSED_IN_A_ROW
        return 0.0 if few else pace.wait(self._random, self.options.retry_max_s)

    def _bury(self, batch: Batch) -> None:
        reason = self.standing.last_error
        self._queue.bury(self.name, _keys(batch), reason)
        self.standing.dead += len(batch)
        log.error(
            "returner %s: %d dead letters from job %s of %s: %s; see shoal-run returner.replay",
            self.name, len(batch), batch[0].jid, batch[0].minion, reason,
            extra={"action": "dead_letter"},
        )  # fmt: skip
        self._tell("dead", {"count": len(batch), "jid": batch[0].jid, "id": batch[0].minion, "error": reason})

    def _trim(self) -> None:
        now = self._clock.monotonic()
        if now < self._next_trim:
            return
        self._next_trim = now + _TRIM_S
        options = self.options
        before = self._clock.time() - options.queue_max_age_s
        dropped = self._queue.trim(self.name, before=before, max_rows=options.queue_max_rows)
        if dropped:
            self.standing.dropped += dropped
            log.error(
                "returner %s: %d returns dropped, the oldest: more than queue_max_rows, or older than queue_max_age_s",
                self.name, dropped, extra={"action": "returner_dropped"},
            )  # fmt: skip
            self._tell("dropped", {"count": dropped})

    def _known(self, error: Exception) -> ReturnerError:
        if isinstance(error, ReturnerError):
            return error
        return TryAgainError(_strange(error))

    def _note_error(self, error: ReturnerError) -> None:
        standing = self.standing
        standing.last_error, standing.last_error_at = self._hidden(str(error)), self._clock.time()
        if isinstance(error, RefusedError):
            return  # it is there, and has answered
        standing.tries += 1
        if standing.tries == 1:
            log.warning(
                "returner %s: %s; tried again",
                self.name,
                standing.last_error,
                extra={"action": "returner_away"},
            )
            self._tell("away", {"error": standing.last_error})

    def _hidden(self, text: str) -> str:
        """Return one line without secrets: a returner that others wrote may quote its URL."""
        for secret in self.options.secrets():
            if len(secret.reveal()) >= _MIN_SECRET:
                text = text.replace(secret.reveal(), STARS)
        return " ".join(text.split())[:_MAX_TEXT]


def _keys(batch: Batch) -> tuple[Key, ...]:
    return tuple((copy.jid, copy.minion) for copy in batch)


def _strange(error: Exception) -> str:
    """Return what and where, not the text: it may quote values."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
