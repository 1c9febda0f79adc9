"""A job: one function with arguments, for one minion or for all, until it expires."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shoal.errors import WireError
from shoal.ids import check_function_name, check_jid, check_minion_id
from shoal.wire import Fields

JOB_VERSION: Final = 1
MAX_JOB_BYTES: Final = 256 * 1024
EVERYONE: Final = "*"
MODES: Final = ("now", "queue", "desired")
MAX_CHANNEL: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What the master signs and a minion runs. Times are epoch seconds, UTC."""

    jid: str
    fleet: str  # fingerprint of the fleet root this job belongs to
    to: str  # EVERYONE or one minion id
    fun: str
    issued: float
    expires: float
    user: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    from_text: bool = False  # args are words from a command line: the signature decides their types
    no_parse: tuple[str, ...] = ()  # names of arguments that stay text
    mode: str = "now"
    channel: str = ""  # of a desired job: on each minion only the newest of its channel counts
    stream: bool = False  # its output is wanted while it runs
    timeout_s: float = 0.0  # the function is killed after this long; 0 = the minion's own limit
    returners: tuple[str, ...] = ()
    approvals: tuple[bytes, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is signed."""
        return {
            "v": JOB_VERSION,
            "jid": self.jid,
            "fleet": self.fleet,
            "to": self.to,
            "fun": self.fun,
            "issued": self.issued,
            "expires": self.expires,
            "user": self.user,
            "args": list(self.args),
            "kwargs": self.kwargs,
            "from_text": self.from_text,
            "no_parse": list(self.no_parse),
            "mode": self.mode,
            "channel": self.channel,
            "stream": self.stream,
            "timeout_s": self.timeout_s,
            "returners": list(self.returners),
            "approvals": list(self.approvals),
        }

    @classmethod
    def from_wire(cls, value: object) -> Job:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "job")
        version = fields.integer("v", 0, 2**31)
        if version != JOB_VERSION:
            raise WireError(f"job: version {version} is not spoken here, only {JOB_VERSION}")
        to = fields.text("to", 260)
        mode = fields.text("mode", 16)
        if mode not in MODES:
            raise WireError(f"job: unknown delivery mode {mode!r}")
        approvals = fields.take("approvals", list)
        if len(approvals) > 16 or not all(isinstance(a, bytes) and len(a) <= 512 for a in approvals):
            raise WireError("job: bad approvals")
        job = cls(
            jid=check_jid(fields.text("jid", 20)),
            fleet=fields.text("fleet", 64),
            to=to if to == EVERYONE else check_minion_id(to),
            fun=check_function_name(fields.text("fun", 130)),
            issued=fields.seconds("issued"),
            expires=fields.seconds("expires"),
            user=fields.text("user", 128),
            args=tuple(fields.take("args", list)),
            kwargs=fields.mapping("kwargs", 1000),
            from_text=fields.flag("from_text"),
            no_parse=fields.texts("no_parse", 100, 100),
            mode=mode,
            channel=_channel(fields.text("channel", MAX_CHANNEL), mode),
            stream=fields.flag("stream"),
            timeout_s=fields.seconds("timeout_s"),
            returners=fields.texts("returners", 16, 64),
            approvals=tuple(approvals),
        )
        fields.done()
        return job

    def log_context(self) -> dict[str, str]:
        """Return what a log line may say of this job: never its arguments."""
        return {"jid": self.jid, "fun": self.fun, "user": self.user}


def _channel(text: str, mode: str) -> str:
    if bool(text) != (mode == "desired"):
        raise WireError("job: a desired job has a channel, and no other job has one")
    if not text.isprintable():
        raise WireError("job: a channel's name is printable text")
    return text
