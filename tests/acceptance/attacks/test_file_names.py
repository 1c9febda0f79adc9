"""Ways out of what is served: asked by a minion on the wire, by functions, and answered by a master (attack list 16).

A rogue with an accepted key asks the master for names that lead elsewhere; a hostile master, who has all the real
one's keys, answers a real minion with such names. Neither gets a byte where it does not belong.
"""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shoal.files.digest import Digest
from shoal.files.messages import PIECE_BYTES
from shoal.messages import FILES, HELLO, reply
from shoal.subscribers import MINE
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.fleet import Fleet, short_folder
from tests.rogue import RogueMaster, RoguePeer, make_job

SECRET = "root-x-secret-of-the-master"
BOX = "box-1"

# No names: refused before a path is made of them.
NO_NAMES: list[Any] = [
    "../../etc/shadow", "..", "web/..", "web/../../secret", "/etc/shadow", "//etc/shadow", "web//site.conf", "web/",
    "./top.sls", "web/./site.conf", "..\\..\\secret", "web\\..\\..\\secret", "top.sls\0", "top.sls\0.txt", "a\nb",
    "a\x1b[2J", "\u202e/x", "x" * 1025, "../" * 300, "x/" * 600 + "x", None, 7, True, [], ["top.sls"], {"a": 1},
    b"top.sls",
]  # fmt: skip

# Names like others, with nothing behind them: nothing is decoded, folded, expanded or followed out.
NO_FILES = [
    "%2e%2e/%2e%2e/etc/shadow", "%2e%2e%2fsecret", "..%2fsecret", "web/%00", "~/secret", "~root/.ssh/id", "$HOME/x",
    "*", "web/*", "․․/secret", "．．/secret", "‥/secret", "web∕site.conf", "web／site.conf", "ｔop.sls",  # noqa: RUF001
    "TOP.SLS", "file:", "C:/x", "..../secret", "...", "proc/self/environ", "proc/1/root/etc/shadow", "out",
    "out/shadow", "sibling", "web/back/secret", "up/secret", "chain", "loop", "loop/loop/x", "dangling", "fifo",
    "device", "zero", "socket", "web", "web/site.conf/x", "fd", "hidden.key",
]  # fmt: skip

STRANGE = [
    "../../etc/shadow", "..", "web/../../secret", "web//site.conf", "./top.sls", "..\\..\\secret", "top.sls\0",
    "a\nb", "../" * 300, "x" * 1025, *NO_FILES[:6], "out/shadow", "up/secret", "fifo", "zero", "device",
    "x?saltenv=../..", "x?saltenv=/etc", "secret?saltenv=..",
]  # fmt: skip

NO_ENVS: list[Any] = [
    "../", "..", "../..", "base/../..", "/", "/etc", "//", ".", ".git", "-x", "a b", "base\0", "ba\\se", "\u202ebase",
    "％2e", "", "x" * 129, None, 7, ["base"],  # noqa: RUF001
]  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[Arena]:
    """A master whose roots are full of traps, a good minion, and one that a hostile master will speak to."""
    with short_folder() as folder, Fleet(folder) as fleet:
        roots = fleet.master_root / "srv"
        _lay_traps(roots)
        fleet.start_master(
            heartbeat_s=60,
            file_roots={"base": [str(roots / "salt")], "__env__": [str(roots / "envs/__env__")]},
            file_ignore_glob=["*.key"],
        )
        fleet.join(GOOD)
        arena = Arena(fleet)
        arena.secrets.add(SECRET)
        yield arena
        arena.hang_up()


def _lay_traps(roots: Path) -> None:
    base = roots / "salt"
    for folder in (base / "web", roots / "envs/dev", roots / "salt-too"):
        folder.mkdir(parents=True)
    (roots / "secret").write_text(SECRET)
    (roots / "salt-too/secret").write_text(SECRET)
    (base / "top.sls").write_text("top\n")
    (base / "hidden.key").write_text(SECRET)
    (base / "web/site.conf").write_text("listen 80\n")
    links = {
        "out": "/etc", "proc": "/proc", "sibling": "../salt-too/secret", "up": "..", "web/back": "../..",
        "loop": "loop", "dangling": "nothing", "chain": "link", "link": "../secret", "fd": "/proc/self/fd",
        "zero": "/dev/zero",
    }  # fmt: skip
    for name, target in links.items():
        (base / name).symlink_to(target)
    os.mkfifo(base / "fifo")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(base / "socket"))
    if os.geteuid() == 0:
        os.mknod(base / "device", stat.S_IFCHR | 0o666, os.makedev(1, 5))


@pytest.fixture(scope="module")
def insider(shared: Arena) -> RoguePeer:
    """A peer with an accepted key."""
    return shared.insider("curious", reads=False)


@pytest.fixture
def arena(shared: Arena) -> Iterator[Arena]:
    """The fleet; whatever was asked, all is well afterwards."""
    yield shared
    shared.still_well()


# --------------------------------------------------------------- asked on the wire


def _answer(rogue: RoguePeer, n: int, **question: Any) -> dict[str, Any]:
    rogue.say("files", {"n": n, **question})
    while True:
        body: dict[str, Any] = rogue.wait_for(FILES)
        if body["n"] == n:
            return body


def test_what_is_served_is_given_to_the_same_peer(arena: Arena, insider: RoguePeer) -> None:
    """So that the refusals below show something."""
    found = _answer(insider, 1, op="find", env="base", name="web/site.conf")["files"]
    assert [each[0] for each in found] == ["web/site.conf"]
    part = [found[0][1], 0, found[0][2]]
    assert _answer(insider, 2, op="read", parts=[part])["data"] == b"listen 80\n"
    assert _answer(insider, 3, op="find", env="dev", name="x")["files"] == []
    listed = _answer(insider, 4, op="list", env="base", name="", after="")["files"]
    assert sorted(each[0] for each in listed) == ["top.sls", "web", "web/site.conf"]


@pytest.mark.parametrize("op", ["find", "list"])
def test_what_is_no_name_is_refused(arena: Arena, insider: RoguePeer, op: str) -> None:
    for name in NO_NAMES:
        with arena.counted("message refused: malformed"):
            insider.say("files", _question(op, "base", name))
    for env in NO_ENVS:
        with arena.counted("message refused: malformed"):
            insider.say("files", _question(op, env, "top.sls" if op == "find" else ""))
    assert insider.replies(quiet_s=0.1) == []
    told = arena.log_lines("message from curious refused")
    assert 1 <= len(told) <= 2 * (len(NO_NAMES) + len(NO_ENVS))
    assert all(line.isprintable() and len(line) < 600 for line in told)


def _question(op: str, env: Any, name: Any) -> dict[str, Any]:
    question = {"n": 5, "op": op, "env": env, "name": name}
    return question | ({"after": ""} if op == "list" else {})


def test_names_with_nothing_behind_them_find_nothing(arena: Arena, insider: RoguePeer) -> None:
    for n, name in enumerate(NO_FILES, 100):
        answer = _answer(insider, n, op="find", env="base", name=name)
        assert (answer["files"], answer["error"]) == ([], ""), name
        if name != "web":
            listed = _answer(insider, 1000 + n, op="list", env="base", name=name, after="")
            assert (listed["files"], listed["last"]) == ([], True), name


@pytest.mark.parametrize("after", ["../x", "\0", "\x7f", "zzz", "/"])
def test_page_after_a_strange_name_shows_nothing_more(arena: Arena, insider: RoguePeer, after: str) -> None:
    answer = _answer(insider, 6, op="list", env="base", name="", after=after)
    assert {each[0] for each in answer["files"]} <= {"top.sls", "web", "web/site.conf"}


def test_content_is_not_read_by_knowing_what_it_is(arena: Arena, insider: RoguePeer) -> None:
    """The digest of a file that is not served opens nothing; nor do bytes past the end of one that is."""
    for data in (SECRET.encode(), Path("/etc/hostname").read_bytes(), Path("/etc/passwd").read_bytes()):
        answer = _answer(insider, 7, op="read", parts=[[Digest(data).final(), 0, len(data)]])
        assert answer["error"].startswith("changed")
        assert answer["data"] == b""
    digest = _answer(insider, 8, op="find", env="base", name="top.sls")["files"][0][1]
    assert _answer(insider, 9, op="read", parts=[[digest, 0, 5]])["error"].startswith("changed")
    for part in (
        [digest, -1, 4],
        [digest, 0, 2**40],
        [digest[:-1], 0, 4],
        [digest, 2**41, 1],
        [digest, 0],
        "x",
    ):
        with arena.counted("message refused: malformed"):
            insider.say("files", {"n": 9, "op": "read", "parts": [part]})


# -------------------------------------------------------------- asked by functions


@pytest.mark.parametrize("scheme", ["shoal://", "salt://"])
def test_functions_bring_nothing_from_outside(arena: Arena, scheme: str, tmp_path: Path) -> None:
    for name in STRANGE:
        for fun, args in _asking(scheme + name, tmp_path):
            said = arena.run(GOOD, fun, *args)[GOOD]
            assert said["ret"] in ("", {}) or "bad " in str(said["ret"]), (fun, name, said)
    assert list(tmp_path.iterdir()) == []


def _asking(url: str, folder: Path) -> list[tuple[str, list[Any]]]:
    return [
        ("cp.get_file", [url, str(folder / "x")]),
        ("cp.get_file_str", [url]),
        ("cp.hash_file", [url]),
    ]


@pytest.mark.parametrize("env", [env for env in NO_ENVS if isinstance(env, str)])
def test_functions_do_not_leave_by_the_environment(arena: Arena, env: str, tmp_path: Path) -> None:
    said = arena.run(GOOD, "cp.get_file", "shoal://secret", str(tmp_path / "x"), kwargs={"saltenv": env})[
        GOOD
    ]
    assert "bad environment" in said["ret"]
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------- answered by a hostile master


class Hostile:
    """A master with all keys, which answers questions about files as the test says."""

    def __init__(self, arena: Arena, forged: RogueMaster) -> None:
        self._arena = arena
        self._forged = forged
        self.folder = arena.fleet.folder / f"dest-{os.urandom(3).hex()}"
        self.folder.mkdir()
        self._return: dict[str, Any] = {}

    def orders(
        self, fun: str, *args: str, answers: Callable[[dict[str, Any]], list[dict[str, Any]]]
    ) -> dict[str, Any]:
        """Order a job, answer its questions, and return its return's body."""
        forged = self._forged
        job = make_job(forged.secrets.fleet, fun=fun, args=args, to=BOX, timeout_s=20.0)
        forged.publish(MINE, forged.secrets.seal_job(job))
        while True:
            route, verb, body = forged.next_request()
            if verb == "files":
                for answer in answers(body):
                    base = {"n": body["n"], "error": "", "files": [], "envs": [], "data": b"", "last": True}
                    forged.answer(route, reply(FILES, {**base, **answer}))
            elif verb == "return" and body["jid"] == job.jid:
                forged.answer(route, reply("ack", [job.jid]))
                return body  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def forged() -> Iterator[tuple[Arena, RogueMaster]]:
    """The real master is stopped, and somebody with all it had answers in its place; at the end it comes back."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(job_expires_s=3600, heartbeat_s=60)
        fleet.join(BOX)
        fleet.join(GOOD)
        arena = Arena(fleet)
        secrets = arena.master
        fleet.minions[GOOD].stop()
        assert fleet.master is not None
        fleet.master.stop()
        with RogueMaster(secrets) as made:
            made.wait_for_reader(MINE)
            made.publish(MINE, HELLO)
            route, _, body = made.next_request("hello")
            made.answer(route, made.sealed_welcome(secrets, made.nonce_of(body)))
            yield arena, made
        assert fleet.minions[BOX].alive
        fleet.start_master()
        fleet.start_minion(GOOD)
        fleet.wait_up(BOX, GOOD, timeout_s=60)
        arena.still_well()


@pytest.fixture
def hostile(forged: tuple[Arena, RogueMaster]) -> Iterator[Hostile]:
    """The hostile master; afterwards it is asked for something good, and that works: the box is well."""
    made = Hostile(*forged)
    yield made
    data = b"good"
    ret = made.orders(
        "cp.get_file", "shoal://good", str(made.folder / "good"), answers=_serving("good", data)
    )
    assert (ret["outcome"], (made.folder / "good").read_bytes()) == ("done", data)
    assert sorted(path.name for path in made.folder.parent.glob("**/owned*")) == []


def _serving(
    name: str, data: bytes, mode: int = 0o644, size: int = -1
) -> Callable[[dict[str, Any]], list[dict[str, Any]]]:
    info = [name, Digest(data).final(), len(data) if size < 0 else size, mode, ""]

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        if question["op"] != "read":
            return [{"files": [info]}]
        (_, at, length) = question["parts"][0]
        return [{"data": data[at : at + length]}]

    return answers


@pytest.mark.parametrize(
    "name", [name for name in NO_NAMES if not isinstance(name, bool)], ids=lambda name: repr(name)[:24]
)
def test_name_that_leads_out_is_not_taken_from_a_master(hostile: Hostile, name: Any) -> None:
    """The answer is refused as a whole; what was asked gets an answer after all, here an honest one."""
    bad: list[dict[str, Any]] = [{"files": [[name, Digest(b"x").final(), 1, 0o644, ""]]}]
    honest = _serving("owned", b"x")

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        if question["op"] == "read":
            return honest(question)
        return [*bad, {"error": "enough"}]

    ret = hostile.orders("cp.get_dir", "shoal://web", str(hostile.folder), answers=answers)
    assert ret["outcome"] == "failed"
    assert list(hostile.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["owned", "webx/owned", "", "web", "etc/cron.d/owned"])
def test_name_that_was_not_asked_for_is_not_placed(hostile: Hostile, name: str) -> None:
    ret = hostile.orders("cp.get_dir", "shoal://web", str(hostile.folder), answers=_serving(name, b"x"))
    assert ret["outcome"] == "failed"
    assert b"is not below" in ret["packed"]
    assert list(hostile.folder.iterdir()) == []


def test_folder_that_a_link_stands_for_is_not_entered(hostile: Hostile) -> None:
    """The master says that `web/sub` is a link; the box has made one there before, or somebody else has."""
    aim = hostile.folder.parent / "aim"
    aim.mkdir(exist_ok=True)
    (hostile.folder / "web").mkdir()
    (hostile.folder / "web/sub").symlink_to(aim)
    inside = _serving("web/sub/file", b"x")

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        if question["op"] == "list":
            link = ["web/sub", b"", 0, 0o777, str(aim)]
            return [{"files": [link, *inside(question)[0]["files"]]}]
        return inside(question)

    ret = hostile.orders("cp.get_dir", "shoal://web", str(hostile.folder), answers=answers)
    assert ret["outcome"] == "failed"
    assert list(aim.iterdir()) == []
    assert (hostile.folder / "web/sub").is_symlink()
    for path in (hostile.folder / "web/sub", hostile.folder / "web"):
        path.unlink() if path.is_symlink() else path.rmdir()


def test_target_of_a_link_is_only_shown(hostile: Hostile) -> None:
    data = b"x"
    info = ["web/link", Digest(data).final(), 1, 0o777, "/etc/shadow"]

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"files": [info]}] if question["op"] != "read" else [{"data": data}]

    assert (
        hostile.orders("cp.get_dir", "shoal://web", str(hostile.folder), answers=answers)["outcome"] == "done"
    )
    made = hostile.folder / "web/link"
    assert not made.is_symlink()
    assert made.read_bytes() == data


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6777, 0o7777, 0o1777])
def test_mode_of_the_master_gives_no_rights(hostile: Hostile, mode: int) -> None:
    target = hostile.folder / "file"
    hostile.orders("cp.get_file", "shoal://file", str(target), answers=_serving("file", b"x", mode))
    assert stat.S_IMODE(target.stat().st_mode) == mode & 0o777


def test_content_that_is_not_what_was_named_is_not_placed(hostile: Hostile) -> None:
    honest = _serving("file", b"what was named")

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        return honest(question) if question["op"] != "read" else [{"data": b"something else"}]

    ret = hostile.orders("cp.get_file", "shoal://file", str(hostile.folder / "file"), answers=answers)
    assert ret["outcome"] == "failed"
    assert list(hostile.folder.iterdir()) == []


@pytest.mark.parametrize("how", ["too little", "too much", "much too much"])
def test_answer_of_another_length_than_asked_is_refused(hostile: Hostile, how: str) -> None:
    data = b"a" * 4096
    honest = _serving("file", data)

    def answers(question: dict[str, Any]) -> list[dict[str, Any]]:
        if question["op"] != "read":
            return honest(question)
        if how == "too little":
            return [{"data": data[:100]}]
        if how == "too much":
            return [{"data": data + b"b"}]
        return [{"data": b"a" * PIECE_BYTES, "last": False}] * 200

    ret = hostile.orders("cp.get_file", "shoal://file", str(hostile.folder / "file"), answers=answers)
    assert ret["outcome"] == "failed", ret
    assert b"than was asked for" in ret["packed"]
    assert list(hostile.folder.iterdir()) == []
