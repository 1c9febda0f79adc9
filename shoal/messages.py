"""What minion and master say to each other on the request connection, and what the master publishes.

Minion to master: `[version, verb, body]`. Master to minion: `[version, kind, body]`. The connection is
authenticated and encrypted (CURVE), so these need no signature; what must outlive a connection (jobs, welcome,
notices) is sealed as well. `VERBS` is the whole list: a verb that is not in it does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.event import MAX_EVENT_BYTES
from shoal.files.messages import MAX_QUESTION_BYTES
from shoal.files.piece import PUSH_BYTES
from shoal.progress import MAX_TEXT_BYTES
from shoal.returns import MAX_RETURN_BYTES
from shoal.slices import SLICE_BYTES
from shoal.wire import decode, encode

PROTOCOL: Final = 1
MAX_REQUEST_BYTES: Final = MAX_RETURN_BYTES + 4096
MAX_REPLY_BYTES: Final = 256 * 1024
MAX_PILLAR_QUESTION_BYTES: Final = 1024
MAX_MINE_BYTES: Final = 136 * 1024
MAX_FACTS_BYTES: Final = 256 * 1024
MAX_RECEIVED: Final = 100  # job ids in one `received`
MAX_VALUES: Final = 50_000  # in the lists and maps of one message

JOB: Final = b"J"  # first byte of a published frame: a sealed job follows
NOTICE: Final = b"N"  # a masters document follows, signed by the fleet root
HELLO: Final = b"H"  # nothing follows: say hello again, this master does not know the connection

WELCOME: Final = "welcome"  # sealed answer to hello
ACK: Final = "ack"  # [jid, …]: these returns are stored
MORE: Final = "more"  # [jid, bytes]: so much of the return that comes in slices is here
HEARD: Final = "heard"  # [jid, seq]: this piece of a job's output is passed on
HELLO_FIRST: Final = "hello_first"  # this connection has no session here
BUSY: Final = "busy"  # {"verb", "retry_after_s"}: not taken (over quota, or its lane is full); try again then
WANT_FACTS: Final = "want_facts"  # digest: the master has the grains of that digest, not these; empty: none
PROBE: Final = "probe"  # are you still there? answered by a heartbeat
PONG: Final = "pong"  # answer to a heartbeat; False when the master does not see the minion read its topic
CANCEL: Final = "cancel"  # a `Cancel`: this job is not to run, or not to go on
FILES: Final = "files"  # a `files.messages.Answer`
ANSWER: Final = "answer"  # an `answer.DataAnswer`
ROTATED: Final = "rotated"  # fingerprint of the new keys: they are on record, use them
_REPLIES: Final = frozenset(
    {WELCOME, ACK, HEARD, MORE, HELLO_FIRST, BUSY, WANT_FACTS, PROBE, PONG, CANCEL, FILES, ANSWER, ROTATED}
)


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing a minion may ask: who may call it, how large it may be, and what it costs of the quota."""

    name: str
    max_bytes: int
    guests: bool = False  # also for keys that are not accepted
    cost: int = 1
    lane: str = "bulk"  # which queue of the master it waits in; one kind of work cannot starve another


VERBS: Final[dict[str, Verb]] = {
    verb.name: verb
    for verb in (
        Verb("hello", 8 * 1024, guests=True, cost=5, lane="hello"),
        Verb("heartbeat", 1024, lane="control"),
        Verb("started", 1024, lane="control"),
        Verb("received", 4096, lane="control"),
        Verb("progress", MAX_TEXT_BYTES + 128, lane="returns"),  # not after the return it comes before
        Verb("return", MAX_RETURN_BYTES, lane="returns"),
        Verb("slice", SLICE_BYTES + 512, lane="returns"),
        Verb("event", MAX_EVENT_BYTES),
        Verb("facts", MAX_FACTS_BYTES, cost=10),
        Verb("files", MAX_QUESTION_BYTES),
        Verb("mine", MAX_MINE_BYTES, cost=2),
        Verb("pillar", MAX_PILLAR_QUESTION_BYTES, cost=5),
        Verb("push", PUSH_BYTES + 8 * 1024),
        Verb("rotate", 4096, cost=50),
        Verb("bye", 256, lane="returns"),  # not before the returns it was sent after
    )
}


_THREE_PARTS: Final = 0x93  # how msgpack begins a list of three,
_SHORT_TEXT: Final = 0xA0  # and a text of up to 31 bytes
_MAX_UNKNOWN: Final = 1024  # of a frame with no verb of ours; it is read only to say what is wrong with it


def request(verb: str, body: Any) -> bytes:
    """Return a minion's request. Raises WireError for what cannot be sent."""
    return encode([PROTOCOL, verb, body])


def verb_of(frame: bytes) -> Verb | None:
    """Return the verb that `frame` begins with, None if it is none of ours; a look at a few bytes, no decoding.

    Each verb's size and price can so be looked at before anything is paid for its body.
    """
    if len(frame) < 3 or frame[0] != _THREE_PARTS or not _SHORT_TEXT <= frame[2] < _SHORT_TEXT + 32:
        return None
    name = frame[3 : 3 + frame[2] - _SHORT_TEXT]
    return VERBS.get(name.decode("ascii", "replace"))


def read_request(frame: bytes) -> tuple[Verb, Any]:
    """Return the verb and its body. Raises WireError; the only reader of what minions send."""
    known = verb_of(frame)
    max_bytes = _MAX_UNKNOWN if known is None else known.max_bytes + 64
    verb, body = _read(frame, max_bytes)
    if known is None or known.name != verb:
        raise WireError(f"unknown verb {verb[:40]!r}")
    return known, body


def reply(kind: str, body: Any = None) -> bytes:
    """Return a master's reply."""
    return encode([PROTOCOL, kind, body])


def read_reply(frame: bytes) -> tuple[str, Any]:
    """Return the kind and body of a reply. Raises WireError; the only reader of what masters reply."""
    kind, body = _read(frame, MAX_REPLY_BYTES)
    if kind not in _REPLIES:
        raise WireError(f"unknown reply {kind[:40]!r}")
    return kind, body


def _read(frame: bytes, max_bytes: int) -> tuple[str, Any]:
    message = decode(frame, max_bytes, MAX_VALUES)
    if not isinstance(message, list) or len(message) != 3:
        raise WireError("a message has three parts: version, verb, body")
    version, verb, body = message
    if type(version) is not int or version != PROTOCOL:
        raise WireError(f"protocol version {str(version)[:20]} is not spoken here, only {PROTOCOL}")
    if not isinstance(verb, str):
        raise WireError("the verb must be text")
    return verb, body
