"""A fleet under attack: asks the master over its control socket, which is quick, and says whether all is well.

Every attack ends with `still_well`: a good minion answers, the master has logged no traceback, and no secret
that the test knows of stands in any log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from master.cli.client import Conversation, Message
from tests.fleet import Fleet, until
from tests.rogue import MasterSecrets, RoguePeer, secrets_of

GOOD = "good-1"


class Arena:
    """One fleet, and everybody who attacks it."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.secrets: set[str] = set()  # texts that no log may show
        self._rogues: list[RoguePeer] = []
        self._seen: dict[Path, int] = {}

    # ------------------------------------------------------------- the master

    @property
    def master(self) -> MasterSecrets:
        """What is needed to speak to the master, or in its place."""
        return secrets_of(self.fleet.master_root)

    @property
    def pid(self) -> int:
        """The master's process."""
        assert self.fleet.master is not None
        return self.fleet.master.pid

    def talk(self, request: Message) -> list[Message]:
        """Send a request to the control socket; return all that comes back. Raises `Refused`."""
        path = str(self.fleet.master_root / "run/shoal/master/master.sock")
        with Conversation(path, request) as conversation:
            return list(conversation)

    def ask(self, request: Message) -> Message:
        """Send a request to the control socket; return what is `done`. Raises `Refused`."""
        answer: Message = self.talk(request)[-1]["done"]
        return answer

    def runner(self, fun: str, *words: str) -> Any:
        """Run a runner."""
        request = {"op": "runner", "fun": fun, "args": list(words), "kwargs": {}, "from_text": True}
        return self.ask(request)["value"]

    def run(
        self, target: str, fun: str, *args: Any, kind: str = "glob", **options: Any
    ) -> dict[str, Message]:
        """Run a function; return the `return` and `silent` events by minion."""
        request = {
            "op": "run",
            "target": {"kind": kind, "expr": target, "delimiter": ":"},
            "fun": fun,
            "args": list(args),
            "timeout_s": 15.0,
            **options,
        }
        return {each["id"]: each for each in self.talk(request) if each.get("event") in ("return", "silent")}

    def keys(self, action: str, match: str = "", **flags: bool) -> Message:
        """List, accept, reject or delete keys."""
        return self.ask({"op": "key", "action": action, "match": match, **flags})

    def state_of(self, minion: str) -> list[str]:
        """Return the states in which keys of an id are."""
        groups = self.keys("list")["minions"]
        return [state for state, ids in groups.items() for each in ids if each == minion]

    def counters(self) -> dict[str, int]:
        """Return how often the master has refused what."""
        return dict(self.runner("manage.counters"))

    def present(self, minion: str) -> bool:
        """Say whether a job would reach the minion."""
        for rogue in self._rogues:
            rogue.breathe()
        return minion in self.runner("manage.up")

    @contextmanager
    def counted(self, reason: str, times: int = 1) -> Iterator[None]:
        """Expect the master to count at least so many refusals for `reason` in the block."""
        before = self.counters().get(reason, 0)
        yield
        self.until(
            f"{times} counted as {reason!r}, got {self.counters().get(reason, 0) - before}",
            lambda: self.counters().get(reason, 0) >= before + times,
        )

    def until(self, what: str, ask: Callable[[], Any], timeout_s: float = 30.0) -> Any:
        """As `tests.fleet.until`, patiently: two cores are shared by many."""
        return until(what, ask, timeout_s)

    # ----------------------------------------------------------- the attackers

    def rogue(self, minion: str = "rogue", **options: Any) -> RoguePeer:
        """Return a peer with a fresh key (or `keys=`), not known to the master yet."""
        made = RoguePeer(self.master, minion, **options)
        self._rogues.append(made)
        return made

    def token(self, *words: str) -> str:
        """Return the secret of a new join token."""
        from pki.join import parse_join_string

        token = parse_join_string(self.runner("token.create", *words)["join"]).token
        self.secrets.add(token.partition("-")[2])
        return token

    def insider(self, minion: str, *, reads: bool = True, **options: Any) -> RoguePeer:
        """Return a rogue whose key is accepted and who is online like any minion."""
        made = self.rogue(minion, **options)
        made.join(self.token())
        made.facts()
        if reads:
            made.subscribe()
            self.until(f"{minion} to be present", lambda: self.present(minion))
            made.published(quiet_s=0.05)
        return made

    def dismiss(self) -> None:
        """Let the attackers of a test hang up and forget their keys."""
        rogues = self.hang_up()
        for minion in {rogue.id for rogue in rogues} - set(self.fleet.minions):
            self.keys("delete", minion)

    def hang_up(self) -> list[RoguePeer]:
        """Let the attackers hang up, and return them."""
        rogues, self._rogues = self._rogues, []
        for rogue in rogues:
            rogue.close()
        return rogues

    # --------------------------------------------------------------- the health

    def still_well(self) -> None:
        """Assert that the fleet lives and works, and that its logs tell no secrets."""
        master = self.fleet.master
        assert master is not None
        assert master.alive, "the master ended"
        answer = self.run(GOOD, "test.ping").get(GOOD, {})
        assert answer.get("ret") is True, answer
        self.check_logs()

    def check_logs(self) -> None:
        """Assert that nothing logged since the last look is a traceback or a secret."""
        for log in self.fleet.folder.glob("*.log"):
            text = log.read_text(errors="replace")
            fresh = text[self._seen.get(log, 0) :]
            self._seen[log] = len(text)
            assert "Traceback" not in fresh, f"{log.name}:\n{fresh[-4000:]}"
            for secret in self.secrets:
                assert secret not in fresh, f"{log.name} tells a secret"

    def log_lines(self, *words: str, log: str = "master.log") -> list[str]:
        """Return the lines of a log that hold all `words`."""
        text = (self.fleet.folder / log).read_text(errors="replace")
        return [line for line in text.splitlines() if all(word in line for word in words)]
