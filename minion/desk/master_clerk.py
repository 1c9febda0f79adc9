"""Passes jobs' questions on to the master, as they are: `ask` with a verb and a body, `event` with a tag and data.

The master checks what is in them, as it must with whatever a box says; here is only settled which verbs a job may
use. Its answer comes in pieces, and all over again after a connection broke in the middle (`again`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from minion.desk.desk import Cancel, Clerk, Say
from minion.questions import Asking, Questions
from shoal.answer import DataAnswer
from shoal.errors import WireError
from shoal.event import MAX_TAG
from shoal.wire import Fields

VERBS: Final = frozenset({"mine", "push"})  # pillar is judged first, by the daemon
_MAX_FIELDS: Final = 16


class MasterClerk:
    """Asks the master over `questions`; events go out by `send_event`, or are lost without a connection."""

    def __init__(self, questions: Questions, send_event: Callable[[str, dict[str, Any]], object]) -> None:
        self._questions = questions
        self._send_event = send_event

    def clerks(self) -> dict[str, Clerk]:
        """Return who answers which operation."""
        return {"ask": self._ask, "event": self._event}

    def _ask(self, fields: Fields, say: Say) -> Cancel:
        verb = fields.text("verb", 16)
        body = fields.mapping("body", _MAX_FIELDS)
        fields.done()
        if verb not in VERBS:
            raise WireError(f"question at the desk: {verb!r} is not for jobs")
        question = Asking(verb=verb, body=body, kind=DataAnswer, many=True)
        return _Errand(self._questions, question, say).cancel

    def _event(self, fields: Fields, say: Say) -> Cancel:
        tag, data = fields.text("tag", MAX_TAG), fields.mapping("data", 1000)
        fields.done()
        self._send_event(tag, data)
        say({"error": "", "last": True})
        return lambda: None


class _Errand:
    """One question on its way; asked again when its connection breaks."""

    def __init__(self, questions: Questions, question: Asking, say: Say) -> None:
        self._questions = questions
        self._question = question
        self._say = say
        self._number = questions.ask(question, self._answered, self._lost)

    def cancel(self) -> None:
        self._questions.drop(self._number)

    def _answered(self, answer: DataAnswer) -> None:
        self._say({"error": answer.error, "data": answer.data, "again": False, "last": answer.last})

    def _lost(self) -> None:
        self._say({"error": "", "data": b"", "again": True, "last": False})
        self._number = self._questions.ask(self._question, self._answered, self._lost)
