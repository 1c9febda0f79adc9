"""`shoal-key`: lists, questions, and that only what was shown is changed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import FakeMaster, Message, error

KEYS: dict[str, list[str]] = {
    "accepted": ["web2", "web1"],
    "denied": ["evil"],
    "pending": ["new2", "new1"],
    "rejected": ["old"],
}
ALL = """Accepted Keys:
web1
web2
Denied Keys:
evil
Unaccepted Keys:
new1
new2
Rejected Keys:
old
"""
FINGERS = """Local Keys:
master:  aa:bb
Accepted Keys:
web1:  w0:ff
web2:  w0:ff
Denied Keys:
evil:  e0:ff
Unaccepted Keys:
new1:  n0:ff
new2:  n0:ff
Rejected Keys:
old:  o0:ff
"""


class Terminal(io.StringIO):
    """A stdin with somebody at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def keys(master: FakeMaster) -> FakeMaster:
    """A master that holds KEYS and changes what it is asked to."""

    def answer(request: Message) -> list[Message]:
        found: dict[str, Any] = {
            state: [name for name in names if fnmatchcase(name, request["match"] or "*")]
            for state, names in KEYS.items()
        }
        if request["action"] in ("finger", "print"):
            texts = {
                state: {name: f"{name[0]}0:ff" for name in names} for state, names in found.items() if names
            }
            return [{"done": {"minions": texts, "changed": {}, "local": {"master": "aa:bb"}}}]
        changed = {} if request["action"] == "list" else found
        return [{"done": {"minions": KEYS, "changed": changed, "local": {"master": "aa:bb"}}}]

    master.script = answer
    return master


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let somebody at the terminal type a text."""
    return lambda text: monkeypatch.setattr("sys.stdin", Terminal(text))


SHOWN = {
    "nothing asked": ([], ALL),
    "-L": (["-L"], ALL),
    "all": (["-l", "all"], ALL),
    "accepted": (["-l", "acc"], "Accepted Keys:\nweb1\nweb2\n"),
    "pre": (["-l", "pre"], "Unaccepted Keys:\nnew1\nnew2\n"),
    "un": (["-l", "un"], "Unaccepted Keys:\nnew1\nnew2\n"),
    "rejected": (["--list=rej"], "Rejected Keys:\nold\n"),
    "denied": (["-l", "den"], "Denied Keys:\nevil\n"),
    "finger": (["-f", "web*"], "Accepted Keys:\nweb1:  w0:ff\nweb2:  w0:ff\n"),
    "finger all": (
        ["-F"],
        FINGERS,
    ),
    "print": (["-p", "old"], "Rejected Keys:\nold:  o0:ff\n"),
    "quiet": (["-L", "-q"], ""),
}  # fmt: skip


@pytest.mark.parametrize(("words", "out"), SHOWN.values(), ids=SHOWN.keys())
def test_keys_are_shown(cli: Cli, keys: FakeMaster, words: list[str], out: str) -> None:
    assert cli("shoal-key", *words) == (0, out, "")


def test_request_of_a_list(cli: Cli, keys: FakeMaster) -> None:
    cli("shoal-key", "-l", "pre")
    assert keys.requests == [
        {
            "op": "key", "action": "list", "match": "*", "state": "pending",
            "include_rejected": False, "include_denied": False, "include_accepted": False,
        }
    ]  # fmt: skip


def test_json_has_salt_names(cli: Cli, keys: FakeMaster) -> None:
    ran = cli("shoal-key", "-L", "--out=json")
    assert json.loads(ran.out) == {
        "minions": ["web2", "web1"],
        "minions_denied": ["evil"],
        "minions_pre": ["new2", "new1"],
        "minions_rejected": ["old"],
    }


QUESTIONS = {
    "yes": ("-a", "accept", "y\n", "[n/Y]", True),
    "Enter means yes": ("-a", "accept", "\n", "[n/Y]", True),
    "no": ("-a", "accept", "n\n", "[n/Y]", False),
    "nothing at all means no": ("-a", "accept", "", "[n/Y]", False),
    "reject": ("-r", "reject", "Y\n", "[n/Y]", True),
}


@pytest.mark.parametrize(
    ("flag", "verb", "answer", "choice", "goes"), QUESTIONS.values(), ids=QUESTIONS.keys()
)
def test_question(
    cli: Cli, keys: FakeMaster, typed: Callable[[str], None], flag: str, verb: str, answer: str, choice: str,
    goes: bool,
) -> None:  # fmt: skip
    typed(answer)
    ran = cli("shoal-key", flag, "new*")
    asked = f"The following keys are going to be {verb}ed:\nUnaccepted Keys:\nnew1\nnew2\nProceed? {choice} "
    after = "".join(f"Key for minion {name} {verb}ed.\n" for name in ("new1", "new2"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == asked + (after if goes else "" if answer else "\n")
    done = [(request["action"], request["match"]) for request in keys.requests]
    assert done == [("list", "new*"), *([(verb, "new1"), (verb, "new2")] if goes else [])]


@pytest.mark.parametrize(("answer", "goes"), [("\n", False), ("y\n", True), ("no\n", False)])
def test_deleting_needs_a_y(
    cli: Cli, keys: FakeMaster, typed: Callable[[str], None], answer: str, goes: bool
) -> None:
    typed(answer)
    ran = cli("shoal-key", "-d", "web1")
    assert ran.out.startswith(
        "The following keys are going to be deleted:\nAccepted Keys:\nweb1\nProceed? [N/y] "
    )
    assert ran.out.endswith("Key for minion web1 deleted.\n") == goes


def test_delete_all_shows_every_state(cli: Cli, keys: FakeMaster) -> None:
    ran = cli("shoal-key", "-D", "-y")
    assert ran.out.startswith("The following keys are going to be deleted:\n" + ALL)
    assert len(keys.requests) == 7


REACH = {
    "pending only": (["-A"], ["new1", "new2"]),
    "rejected too": (["-A", "--include-rejected"], ["new1", "new2", "old"]),
    "denied too": (["-A", "--include-denied"], ["evil", "new1", "new2"]),
    "everything but the accepted": (["-A", "--include-all"], ["evil", "new1", "new2", "old"]),
    "reject accepted": (["-R", "--include-accepted"], ["web1", "web2", "new1", "new2"]),
}


@pytest.mark.parametrize(("words", "changed"), REACH.values(), ids=REACH.keys())
def test_reach(cli: Cli, keys: FakeMaster, words: list[str], changed: list[str]) -> None:
    assert cli("shoal-key", "-y", *words).code == 0
    assert [request["match"] for request in keys.requests[1:]] == changed


def test_no_terminal_to_ask_at(cli: Cli, keys: FakeMaster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert cli("shoal-key", "-A") == (
        64, "", "shoal-key: accept asks before it acts, and stdin is no terminal: add -y\n",
    )  # fmt: skip
    assert len(keys.requests) == 1


NOTHING = {
    "accept": (["-a", "x*"], "The key glob 'x*' does not match any unaccepted keys."),
    "accept is for pending": (["-a", "web1"], "The key glob 'web1' does not match any unaccepted keys."),
    "reject": (
        ["-r", "x", "--include-accepted"],
        "The key glob 'x' does not match any accepted or unaccepted keys.",
    ),
    "delete": (
        ["-d", "x"],
        "The key glob 'x' does not match any accepted, denied, unaccepted or rejected keys.",
    ),
    "finger": (
        ["-f", "x"],
        "The key glob 'x' does not match any accepted, denied, unaccepted or rejected keys.",
    ),
}


@pytest.mark.parametrize(("words", "text"), NOTHING.values(), ids=NOTHING.keys())
def test_nothing_matched(cli: Cli, keys: FakeMaster, words: list[str], text: str) -> None:
    assert cli("shoal-key", *words) == (1, "", f"shoal-key: {text}\n")


def test_key_that_changed_in_the_meantime(cli: Cli, master: FakeMaster) -> None:
    nobody: dict[str, list[str]] = {state: [] for state in KEYS}
    master.says({"done": {"minions": nobody | {"pending": ["a"]}, "changed": nobody, "local": {}}})
    ran = cli("shoal-key", "-a", "a", "-y", "-q")
    assert ran == (1, "", "shoal-key: a: nothing to accept; its key changed in the meantime\n")


def test_one_that_is_refused_does_not_stop_the_others(cli: Cli, master: FakeMaster) -> None:
    def answer(request: Message) -> list[Message]:
        if request["match"] == "a":
            return [error("usage", "a belongs to another key")]
        keys = {"pending": ["a", "b"]}
        return [{"done": {"minions": keys, "changed": {"accepted": ["b"]}, "local": {}}}]

    master.script = answer
    ran = cli("shoal-key", "-A", "-y", "-q")
    assert ran == (1, "", "shoal-key: a belongs to another key\n")
    assert [request["match"] for request in master.requests] == ["*", "a", "b"]


def test_quiet_says_nothing(cli: Cli, keys: FakeMaster) -> None:
    assert cli("shoal-key", "-A", "-y", "-q") == (0, "", "")


WRONG = {
    "a word": (["web1"], "unexpected word 'web1': a name follows its option (shoal-key -a NAME)"),
    "two actions": (
        ["-A", "-D"],
        "argument -D/--delete-all: not allowed with argument -A/--accept-all; see shoal-key --help",
    ),
    "an unknown state": (
        ["-l", "foo"],
        "argument -l/--list: one of acc, pre, un, rej, den, all expected, not 'foo'; see shoal-key --help",
    ),
    "no name": (["-a", ""], "--accept needs a name or glob"),
}


@pytest.mark.parametrize(("words", "text"), WRONG.values(), ids=WRONG.keys())
def test_command_line_is_refused(cli: Cli, keys: FakeMaster, words: list[str], text: str) -> None:
    assert cli("shoal-key", *words) == (64, "", f"shoal-key: {text}\n")
    assert keys.requests == []


def test_master_refuses(cli: Cli, master: FakeMaster) -> None:
    master.says(error("denied", "only root may accept keys"))
    assert cli("shoal-key", "-L") == (77, "", "shoal-key: only root may accept keys\n")
