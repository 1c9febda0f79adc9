"""Trouble on the control socket: each kind is one line that says what to do."""

from __future__ import annotations

import os
import socket
import struct
import threading
from pathlib import Path

import pytest

from master.cli.client import TICK, Conversation, MasterGone
from shoal.frames import pack
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import JID, FakeMaster, done, job, returned

ASK = ("shoal", "*", "test.ping")


def test_no_master(cli: Cli, root: Path) -> None:
    where = f"{root}/run/shoal/master/master.sock"
    said = f"shoal: No master answers at {where}. Is shoal-master running with --root {root}?\n"
    assert cli(*ASK) == (69, "", said)


def test_socket_left_behind(cli: Cli, socket_file: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(socket_file))
    ran = cli(*ASK)
    assert ran.code == 69
    assert ran.err.startswith(f"shoal: No master answers at {socket_file}. Is shoal-master running")


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_socket_of_somebody_else(cli: Cli, socket_file: Path, master: FakeMaster) -> None:
    os.seteuid(65534)
    try:
        ran = cli(*ASK)
    finally:
        os.seteuid(0)
    assert ran == (
        77, "", f"shoal: Not allowed to open {socket_file}. Run this as root, or as a user of publisher_acl\n",
    )  # fmt: skip


def test_master_went_away_before_the_job(cli: Cli, master: FakeMaster, socket_file: Path) -> None:
    assert cli(*ASK) == (
        69, "", f"shoal: The master at {socket_file} went away before it answered; look at its log\n",
    )  # fmt: skip


def test_master_went_away_in_mid_job(cli: Cli, master: FakeMaster) -> None:
    master.says(job("a", "b"), returned("a"))
    gone = f"The master went away; job {JID} goes on. Ask later: shoal-run jobs.lookup_jid {JID}"
    assert cli(*ASK) == (69, "a:\n    True\n", f"shoal: {gone}\n")
    assert cli(*ASK, "--out=json", "--out-indent=-1") == (69, '{"a": true}\n', f"shoal: {gone}\n")


WRONG = {
    "no msgpack": struct.pack(">I", 3) + b"\xc1\xc1\xc1",
    "no map": struct.pack(">I", 1) + b"\x01",
    "far too large": struct.pack(">I", 2**31),
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "no known key": {"hello": 1},
    "done is no map": {"done": True},
    "a return without its value": {"event": "return", "id": "a"},
}


@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG.keys())
def test_master_of_another_release(cli: Cli, master: FakeMaster, socket_file: Path, answer: bytes) -> None:
    master.says(answer)
    ran = cli(*ASK)
    assert (ran.code, ran.out) == (69, "")
    assert ran.err.startswith(f"shoal: The master at {socket_file} does not speak this program's protocol (")
    assert ran.err.endswith("); are both of the same release?\n")
    assert ran.err.count("\n") == 1


def test_socket_path_too_long(cli: Cli, tmp_path: Path) -> None:
    ran = cli("shoal", "--root", str(tmp_path / ("x" * 100)), "*", "test.ping")
    assert (ran.code, ran.out) == (78, "")
    assert "Use a shorter folder for --root" in ran.err


def test_configuration_folder_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    ran = cli("shoal", "-c", str(tmp_path / "x"), "*", "test.ping")
    assert ran == (78, "", f"shoal: there is no configuration folder {tmp_path / 'x'}\n")


def test_messages_come_as_they_are_sent(master: FakeMaster, socket_file: Path) -> None:
    seen, done_waiting = [], threading.Event()
    master.says(job("a", "b"), returned("a"), done_waiting, returned("b"), done())
    with Conversation(str(socket_file), {"op": "run"}) as talk:
        for message in talk:
            seen.append(message.get("event", "done"))
            if len(seen) == 2:
                assert talk.jid == JID
                done_waiting.set()  # the second return is sent only when the first one was seen
    assert seen == ["job", "return", "return", "done"]


def test_ticks_while_nothing_comes(master: FakeMaster, socket_file: Path) -> None:
    enough = threading.Event()
    master.says(enough, done())
    with Conversation(str(socket_file), {"op": "run"}, tick_s=0.01) as talk:
        messages = iter(talk)
        assert [next(messages) for _ in range(3)] == [TICK] * 3
        enough.set()
        assert "done" in list(messages)[-1]


@pytest.mark.parametrize("tick_s", [0.0, 0.01])
def test_master_that_is_stuck(master: FakeMaster, socket_file: Path, tick_s: float) -> None:
    never = threading.Event()
    master.says(never, done())
    with (
        Conversation(str(socket_file), {"op": "run"}, tick_s=tick_s, patience_s=0.05) as talk,
        pytest.raises(MasterGone, match=r"has not answered for 0\.05 s: it is alive but stuck"),
    ):
        list(talk)
    never.set()


def test_master_that_has_answered_may_take_its_time(master: FakeMaster, socket_file: Path) -> None:
    enough = threading.Event()
    master.says(job("a"), enough, done())
    timer = threading.Timer(0.15, enough.set)
    timer.start()
    with Conversation(str(socket_file), {"op": "run"}, patience_s=0.05) as talk:
        assert "done" in list(talk)[-1]
    timer.join()


def test_half_a_frame_is_waited_for(master: FakeMaster, socket_file: Path) -> None:
    frame = pack(done())
    master.says(frame[:3], frame[3:7], frame[7:])
    with Conversation(str(socket_file), {"op": "run"}) as talk:
        assert talk.answer()["jid"] == JID
