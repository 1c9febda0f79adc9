"""Local users that are no operators: `publisher_acl` is about the minions a target expands to (attack list 25)."""

from __future__ import annotations

import functools
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from master.cli.client import Conversation, Message, Refused
from master.runners.directory import Directory
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import RoguePeer

NOBODY, DAEMON, UNNAMED = 65534, 1, 64999  # the last has no login name
ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = {"shoal": "shoal", "shoal-key": "key", "shoal-run": "run"}
ACL = {
    "nobody": [{"good-*": ["test.ping", "test.echo", "minion.*", "sys.*"]}, {"G@os:Nowhere": [".*"]}],
    "daemon": [
        "test.*",
        {"db-*": ["status.uptime"]},
        {"good-*": [{"cmd.run": {"args": ["echo [a-z]+"], "kwargs": {"timeout": "[0-9]"}}}]},
    ],
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Arena]:
    """A master that lets two local users run a little, one good minion, and `db-1`, which only listens."""
    with short_folder() as folder, Fleet(folder) as fleet:
        folder.chmod(0o711)
        fleet.start_master(
            publisher_acl=ACL,
            nodegroups={"goods": "good-*", "all": "*"},
            returners={"kept": {"type": "memory"}},
        )
        fleet.join(GOOD)
        arena = Arena(fleet)
        yield arena
        arena.hang_up()


@pytest.fixture(scope="module")
def database(shared: Arena) -> RoguePeer:
    """The minion that `nobody` may not order: it keeps what it is sent."""
    return shared.insider("db-1")


@pytest.fixture
def arena(shared: Arena, database: RoguePeer) -> Iterator[Arena]:
    """The fleet; whatever was tried, `db-1` was sent nothing, and all is well."""
    yield shared
    assert database.published(quiet_s=0.1) == []
    shared.still_well()


@contextmanager
def _as_user(uid: int) -> Iterator[None]:
    """Be somebody else to the kernel, which looks when a socket is connected."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def _open(arena: Arena, uid: int, request: Message) -> Conversation:
    with _as_user(uid):
        return Conversation(str(arena.fleet.master_root / "run/shoal/master/master.sock"), request)


def _say(arena: Arena, uid: int, request: Message) -> list[Message]:
    with _open(arena, uid, request) as talk:
        return list(talk)


def _refusal(arena: Arena, uid: int, request: Message) -> str:
    with pytest.raises(Refused) as refused:
        _say(arena, uid, request)
    return refused.value.kind


def _order(target: str, fun: Any, kind: str = "glob", **more: Any) -> Message:
    wanted = {"kind": kind, "expr": target, "delimiter": ":"}
    return {"op": "run", "target": wanted, "fun": fun, "args": [], "timeout_s": 15.0, **more}


def _shoal(arena: Arena, uid: int, *words: str, program: str = "shoal") -> subprocess.CompletedProcess[str]:
    """Run a program as another user."""
    start = f"import sys; from master.cli.{PROGRAMS[program]} import main; sys.exit(main())"
    argv = [_interpreter(), "-c", start, "--root", str(arena.fleet.master_root), *words]
    return _run_as(uid, argv)


def _run_as(uid: int, argv: list[str]) -> subprocess.CompletedProcess[str]:
    path = [str(ROOT), *(folder for folder in sys.path if folder.endswith("site-packages"))]
    return subprocess.run(
        argv, user=uid, group=uid, extra_groups=[], cwd="/", env={"PATH": os.defpath, "PYTHONPATH": ":".join(path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@functools.cache
def _interpreter() -> str:
    """Return a Python that another user may start: ours may lie in root's home."""
    version = "import sys; print(*sys.version_info[:2])"
    for python in (sys.executable, "/usr/bin/python3"):
        with suppress(OSError):
            if _run_as(NOBODY, [python, "-c", version]).stdout.split() == [
                str(n) for n in sys.version_info[:2]
            ]:
                return python
    pytest.skip("no Python of this version that another user may start")


# ----------------------------------------------------------------------- what is allowed


def test_allowed_function_on_allowed_minions_runs(arena: Arena) -> None:
    done = _shoal(arena, NOBODY, "good-*", "test.ping")
    assert (done.stdout, done.stderr, done.returncode) == ("good-1:\n    True\n", "", 0)
    job = next(iter(arena.runner("jobs.list_jobs").values()))
    assert job["User"] == "nobody", "who asked is what the kernel says"


@pytest.mark.parametrize(
    ("kind", "target"),
    [("list", "good-1"), ("pcre", "good-.*"), ("nodegroup", "goods"), ("compound", "* and not db-1")],
)
def test_target_is_judged_by_whom_it_means_not_by_its_spelling(arena: Arena, kind: str, target: str) -> None:
    answer = _say(arena, NOBODY, _order(target, "test.ping", kind))
    assert [each["id"] for each in answer if each.get("event") == "return"] == [GOOD]


def test_whoever_may_run_a_function_may_send_its_answers_to_a_returner(arena: Arena) -> None:
    answer = _say(arena, NOBODY, _order(GOOD, "test.ping", returners=["kept"]))
    assert [each["id"] for each in answer if each.get("event") == "return"] == [GOOD]
    assert _refusal(arena, NOBODY, _order(GOOD, "test.ping", returners=["kpet"])) == "usage"
    assert _refusal(arena, DAEMON, _order(GOOD, "pkg.remove", returners=["kpet"])) == "denied", (
        "no names are told"
    )


def test_bounded_arguments_within_their_bounds_run(arena: Arena) -> None:
    done = _shoal(arena, DAEMON, GOOD, "cmd.run", "echo hello", "timeout=5")
    assert (done.stdout, done.stderr, done.returncode) == ("good-1:\n    hello\n", "", 0)


# ----------------------------------------------------------------------- what is not


@pytest.mark.parametrize(
    "words",
    [
        ["echo hello; id", "timeout=5"], ["echo hello\nid", "timeout=5"], ["echo hello"],
        ["echo hello", "id", "timeout=5"],
        ["echo hello", "timeout=5", "runas=root"], ["echo hello", "timeout=5", "shell=/tmp/x"],
        ["cmd=id", "timeout=5"], ["cmd=echo hello", "timeout=5"], ["echo hello", "timeout=55"],
        ["timeout=5", "timeout=6", "echo $(id)"], ["echo hello", "timeout=5", "timeout=x"], [],
    ],
)  # fmt: skip
def test_arguments_outside_their_bounds_are_refused(arena: Arena, words: list[str]) -> None:
    order = _order(GOOD, "cmd.run", **{"args": words, "from_text": True})
    assert _refusal(arena, DAEMON, order) == "denied"
    typed = {
        "args": [word for word in words if "=" not in word],
        "kwargs": {"timeout": "5", "env": {"A": "b"}},
    }
    assert _refusal(arena, DAEMON, _order(GOOD, "cmd.run", **typed)) == "denied"


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("glob", "*"), ("glob", "db-1"), ("glob", "[dg]*-1"), ("glob", "?b-1"),
        ("list", "good-1,db-1"), ("list", "db-1,good-1,good-1"), ("list", "db-1,db-1"),
        ("pcre", ".*"), ("pcre", ""), ("pcre", "good-1|db-1"), ("pcre", "(?:)db-1"),
        ("compound", "good-* or *"), ("compound", "good-1 or db-1"), ("compound", "not good-1"),
        ("compound", "not ( good-1 and db-1 )"), ("compound", "good-1 or L@db-1"), ("compound", "N@all"),
        ("compound", "good-* and good-1 or E@d.*"), ("compound", "G@os:Rogue"), ("compound", "G@id:*"),
        ("grain", "os:*"), ("grain_pcre", "os:Rog.*"), ("nodegroup", "all"),
    ],
)  # fmt: skip
def test_target_that_means_one_minion_too_many_is_denied(arena: Arena, kind: str, target: str) -> None:
    assert _refusal(arena, NOBODY, _order(target, "test.ping", kind)) == "denied"


@pytest.mark.parametrize("options", [{"async": True}, {"batch": "1"}, {"batch": "100%"}, {"mode": "queue"}])
def test_no_way_to_run_widens_what_is_allowed(arena: Arena, options: Message) -> None:
    assert _refusal(arena, NOBODY, _order("*", "test.ping", **options)) in ("denied", "usage")
    assert _refusal(arena, NOBODY, _order("good-1", "cmd.run", **options)) in ("denied", "usage")


def test_part_of_a_target_is_denied_unless_it_lies_within(arena: Arena) -> None:
    """Chance decides whom a subset means; whoever it is, the rule holds for them."""
    for _ in range(12):
        try:
            answer = _say(arena, NOBODY, _order("*", "test.ping", subset=1))
        except Refused as refused:
            assert refused.kind == "denied"
        else:
            assert [each["targets"] for each in answer if each.get("event") == "job"] == [[GOOD]]


def test_rules_of_two_targets_do_not_lend_each_other_functions(arena: Arena, database: RoguePeer) -> None:
    assert _refusal(arena, DAEMON, _order("good-1", "status.uptime")) == "denied"
    assert _refusal(arena, DAEMON, _order("*", "status.uptime")) == "denied"
    _say(arena, DAEMON, _order("db-1", "status.uptime", timeout_s=0.1))
    assert len(database.published()) == 1
    assert len(_say(arena, DAEMON, _order(GOOD, "test.ping"))) > 1


@pytest.mark.parametrize(
    "fun",
    ["cmd.run", "test.arg", "test.pin", "test.pingx", "test.ping_", "test.echo_", "state.apply", "cmd.shell",
     "saltutil.running", "saltutil.kill_all_jobs", "saltutil.refresh_modules",  # other names of minion.*, sys.*
     "system.reboot", "sysctl.assign", "minionx.kill", "sys_.doc"],  # `sys.*` is of `sys` only
)  # fmt: skip
def test_function_outside_the_rules_is_denied(arena: Arena, fun: str) -> None:
    assert _refusal(arena, NOBODY, _order(GOOD, fun)) == "denied"


@pytest.mark.parametrize(
    "fun",
    ["test.ping,cmd.run", "test.ping cmd.run", "test.ping;cmd.run", "test.ping\ncmd.run", "test.ping\0", "Test.ping",
     "TEST.PING", " test.ping", "test.ping.cmd.run", "test..ping", "test", "", "*", ".*", "test.*",
     ["test.ping"], ["test.ping", "cmd.run"], {"test.ping": []}, None, True, 7, b"test.ping"],
    ids=repr,
)  # fmt: skip
def test_what_is_no_one_function_is_no_order(arena: Arena, fun: Any) -> None:
    assert _refusal(arena, NOBODY, _order(GOOD, fun)) == "usage"


@pytest.mark.parametrize("uid", [NOBODY, UNNAMED])
@pytest.mark.parametrize(
    ("kind", "target"),
    [("glob", ""), ("glob", " "), ("list", ""), ("list", ","), ("list", " , "), ("compound", ""), ("compound", "( )"),
     ("compound", "not *"), ("compound", "or"), ("compound", "good-1 or"), ("pcre", "("), ("grain", ""),
     ("nodegroup", "none"), ("ipcidr", ""), ("tag", ""), ("everything", "*"), ("", "*"), ("glob", "nobody-*")],
)  # fmt: skip
def test_empty_and_broken_targets_mean_nobody(arena: Arena, kind: str, target: str, uid: int) -> None:
    kinds = {"no_match", "target", "usage"} if uid == NOBODY else {"denied", "target", "usage"}
    assert _refusal(arena, uid, _order(target, "test.ping", kind)) in kinds


@pytest.mark.parametrize("fun", ["test.ping", "cmd.run"])
@pytest.mark.parametrize("target", [GOOD, "db-1", "*", "not-there"])
def test_user_without_a_rule_is_denied_and_does_not_learn_who_there_is(
    arena: Arena, target: str, fun: str
) -> None:
    assert _refusal(arena, UNNAMED, _order(target, fun)) == "denied"


@pytest.mark.parametrize(
    "claim", ["user", "uid", "from", "caller", "sudo_user", "eauth", "token", "username"]
)
def test_request_does_not_say_who_it_is_from(arena: Arena, claim: str) -> None:
    assert _refusal(arena, UNNAMED, _order(GOOD, "test.ping", **{claim: "root"})) == "usage"
    assert _refusal(arena, NOBODY, _order(GOOD, "test.ping", **{claim: 0})) == "usage"


# ----------------------------------------------------------------------- operators only


@pytest.mark.parametrize("uid", [NOBODY, DAEMON, UNNAMED])
def test_keys_events_previews_and_every_runner_are_for_operators(arena: Arena, uid: int) -> None:
    keys = [
        {"op": "key", "action": action, "match": "*"} for action in ("list", "accept", "delete", "reject")
    ]
    runners = [
        {"op": "runner", "fun": fun, "args": [], "kwargs": {}}
        for fun in [*Directory().names(), "sys.doc", "doc.runner", "no.such"]
    ]
    other = [
        {"op": "events", "tag": "*"},
        {"op": "events"},
        {"op": "preview", "target": {"kind": "glob", "expr": "*"}},
        {"op": "key"},
    ]
    assert len(runners) > 15
    for request in [*keys, *runners, *other]:
        assert _refusal(arena, uid, request) == "denied", request
    for name in ("_run", "stop", "__class__", "Run", "", None, 7, ["run"], "start"):
        assert _refusal(arena, uid, {"op": name}) == "usage"
    assert arena.state_of("db-1") == ["accepted"]


def test_programs_say_what_is_not_allowed_and_exit_77(arena: Arena) -> None:
    denied = _shoal(arena, NOBODY, "*", "test.ping")
    assert (denied.stdout, denied.returncode) == ("", 77)
    assert denied.stderr == "shoal: user nobody may not run test.ping on db-1 (1 of 2 targets)\n"
    denied = _shoal(arena, NOBODY, GOOD, "cmd.run", "id")
    assert denied.returncode == 77
    assert "user nobody may not run cmd.run" in denied.stderr
    for program, words in (("shoal-key", ["-L"]), ("shoal-run", ["manage.up"])):
        denied = _shoal(arena, NOBODY, *words, program=program)
        assert (denied.stdout, denied.returncode) == ("", 77), denied


def test_idle_connections_of_a_user_do_not_keep_operators_out(arena: Arena) -> None:
    with ExitStack() as stack:
        for _ in range(300):
            idle = stack.enter_context(socket.socket(socket.AF_UNIX))
            with _as_user(NOBODY):
                idle.connect(str(arena.fleet.master_root / "run/shoal/master/master.sock"))
            with suppress(OSError):  # it may have been hung up on
                idle.send(b"\0\0")
        arena.still_well()
        assert _shoal(arena, UNNAMED, GOOD, "test.ping").returncode == 77, "nor other users"
    arena.until("room for it again", lambda: _say_if_room(arena))


def _say_if_room(arena: Arena) -> list[Message]:
    try:
        return _say(arena, NOBODY, _order(GOOD, "test.ping"))
    except Refused as refused:
        assert refused.kind == "busy"
        return []


# ----------------------------------------------------------------------- no rules


def test_without_rules_the_socket_is_for_operators_only(siege: Arena) -> None:
    folder = siege.fleet.folder
    mode = stat.S_IMODE(folder.stat().st_mode)
    path = siege.fleet.master_root / "run/shoal/master/master.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    folder.chmod(0o711)
    try:
        done = _shoal(siege, NOBODY, GOOD, "test.ping")
    finally:
        folder.chmod(mode)
    assert (done.stdout, done.returncode) == ("", 77)
    assert "Not allowed to open" in done.stderr
