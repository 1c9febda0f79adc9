"""Bytes that are small and cost much, or say what they must not: each is refused within bounds (attack list 23)."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack
import pytest

from pki.purpose import HELLO
from pki.statement import join_statement
from shoal.config.yaml_file import parse_yaml
from shoal.errors import ConfigError, WireError
from shoal.frames import FrameReader
from shoal.functions.literal import read_container
from shoal.messages import MAX_VALUES, VERBS
from shoal.wire import decode, encode
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.acceptance.attacks.test_strangers import BODIES
from tests.rogue import RoguePeer, cpu_seconds, resident_mib

MIB = 1024 * 1024
SOON_S = 2.0  # what any of these may take; the bombs are made to take hours or gigabytes
NAN = b"\xcb\x7f\xf8" + bytes(6)
BOMBS: dict[str, bytes] = {
    "lists in lists": b"\x91" * 900 + b"\xc0",
    "maps in maps": b"\x81\xa1k" * 300 + b"\xc0",
    "65 levels": b"\x91" * 65 + b"\xc0",
    "list of 4 billion": b"\xdd\xff\xff\xff\xff",
    "map of 4 billion": b"\xdf\xff\xff\xff\xff",
    "text of 4 GiB": b"\xdb\xff\xff\xff\xff" + b"x" * 20,
    "bytes of 4 GiB": b"\xc6\xff\xff\xff\xff" + b"x" * 20,
    "ext of 4 GiB": b"\xc9\xff\xff\xff\xff\1" + b"x" * 20,
    "lists of 4 billion in lists": b"\xdd\xff\xff\xff\xff" * 100,
    "ext": msgpack.packb(msgpack.ExtType(42, b"cos\nsystem\n(S'id'\ntR.")),
    "ext of nothing": msgpack.packb(msgpack.ExtType(0, b"")),
    "timestamp": msgpack.packb(msgpack.Timestamp(1)),
    "timestamp as Salt packs it": msgpack.packb(msgpack.ExtType(78, b"20261121T00:00:00.000000")),
    "duplicate keys": b"\x82\xa1k\1\xa1k\2",
    "duplicate keys within": b"\x81\xa1m\x82\xa2id\1\xa2id\2",
    "NaN": NAN,
    "infinity": b"\xcb\x7f\xf0" + bytes(6),
    "NaN, short": b"\xca\x7f\xc0\0\0",
    "NaN within": b"\x81\xa1k\x91" + NAN,
    "int as key": b"\x81\1\2",
    "nothing as key": b"\x81\xc0\2",
    "bytes as key": b"\x81\xc4\1k\2",
    "list as key": b"\x81\x91\1\2",
    "map as key": b"\x81\x80\2",
    "NaN as key": b"\x81" + NAN + b"\2",
    "key twice, as text and bytes": b"\x82\xa1k\1\xc4\1k\2",
    "text that is not UTF-8": b"\xa2\xff\xfe",
    "lone surrogate": b"\xa3\xed\xa0\x80",
    "the byte that is never used": b"\xc1",
    "nothing": b"",
    "two values": b"\xc0\xc0",
    "cut off": b"\x92\xa5he",
    "pickle": b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94.",
    "YAML": b"!!python/object/apply:os.system ['id']",
}


def _in_message(verb: str, bomb: bytes) -> bytes:
    return b"\x93\1" + msgpack.packb(verb) + bomb


def _colliding(count: int) -> dict[str, int]:
    """Return keys whose hash would be one number in a table of 64 bits, were it not for the random seed."""
    return {f"{number:016x}\0{number ^ 0xFFFFFFFFFFFFFFFF:016x}": number for number in range(count)}


# ------------------------------------------------------------------ over the network


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_in_any_place_of_a_message_is_refused_and_counted(arena: Arena, name: str) -> None:
    bomb = BOMBS[name]
    insider, stranger = arena.insider("bomber", reads=False), arena.rogue("stranger")
    began = time.monotonic()
    with arena.counted("message refused: malformed", 2 * 5 + len(VERBS) - 1):
        for peer in (insider, stranger):
            peer.send(bomb)
            peer.send(b"\x93" + bomb)
            peer.send(b"\x93\1" + bomb)
            peer.send(b"\x93\1" + bomb + b"\xc0")
            peer.send(_in_message("hello", bomb))
        for verb in VERBS.keys() - {"hello"}:
            insider.send(_in_message(verb, bomb) if verb != "bye" or _is_no_value(bomb) else b"\xc1")
    assert time.monotonic() - began < 20 * SOON_S
    assert insider.hello().status == "accepted"


def _is_no_value(bomb: bytes) -> bool:
    try:
        decode(bomb, len(bomb))
    except WireError:
        return True
    return False


@pytest.mark.parametrize("name", [name for name, bomb in BOMBS.items() if len(bomb) < 2000])
def test_bomb_inside_a_signed_hello_is_refused(arena: Arena, name: str) -> None:
    """Whoever can sign is not trusted for that: anybody can make a key."""
    bomb, stranger = BOMBS[name], arena.rogue("stranger")
    hello = msgpack.unpackb(msgpack.unpackb(stranger.hello_bytes())[0])
    bodies = [bomb]
    for field in ("boot_id", "v", "token", "more"):
        rest = {key: value for key, value in hello.items() if key != field}
        bodies.append(bytes([0x80 + len(rest) + 1]) + msgpack.packb(rest)[1:] + msgpack.packb(field) + bomb)
    for (
        body
    ) in bodies:  # one after the other: of those that wait on one connection only the newest is looked at
        with arena.counted("message refused: malformed"):
            _say_signed(stranger, body)
    with arena.counted("message refused: malformed"):
        stranger.send(_in_message("hello", msgpack.packb(bomb)))
    assert arena.state_of("stranger") == []


def _say_signed(peer: RoguePeer, body: bytes) -> None:
    peer.say("hello", join_statement(body, peer.sign.sign(HELLO, body)))


@pytest.mark.parametrize(
    "body",
    [
        b"\xdd" + struct.pack(">I", 250_000) + b"\x90" * 250_000,
        b"\xdd" + struct.pack(">I", 250_000) + b"\xc0" * 250_000,
        b"\x93" + (b"\xdc\xff\xff" + b"\x80" * 65_535) * 3,
        encode({str(number): None for number in range(30_000)}),
    ],
    ids=["lists", "nothings", "maps", "keys"],
)
def test_large_bodies_of_many_small_values_cost_no_seconds(arena: Arena, body: bytes) -> None:
    insider = arena.insider("bomber", reads=False)
    before = resident_mib(arena.pid)
    with arena.counted("message refused: malformed", 20):
        began = time.monotonic()
        for _ in range(20):
            insider.send(_in_message("facts", body))
            insider.send(_in_message("return", body))
        arena.run(GOOD, "test.ping")
        assert time.monotonic() - began < 5 * SOON_S
    assert resident_mib(arena.pid) - before < 64


def test_grains_with_many_like_keys_are_taken_as_they_are(arena: Arena) -> None:
    """Python's hashes of text are seeded: nobody can choose keys that collide."""
    insider = arena.insider("bomber", reads=False)
    for keys in (_colliding(1900), dict.fromkeys(("a" * number for number in range(500)), 1)):
        began = time.monotonic()
        insider.say("facts", {"digest": b"x", "grains": keys})
        arena.still_well()
        assert time.monotonic() - began < 2 * SOON_S
    assert arena.run("bomber", "test.ping", kind="glob", timeout_s=0.1).keys() == {"bomber"}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_as_the_value_of_a_return_is_only_bytes_to_the_master(arena: Arena, name: str) -> None:
    """A return's value is stored as it came; whoever shows it decodes it within the same bounds."""
    insider = arena.insider("bomber", reads=False)
    packed = {**BODIES["return"], "packed": BOMBS[name]}
    with arena.counted("return refused: no such job"):
        insider.say("return", packed)


@pytest.mark.parametrize(
    ("field", "value"),
    [("retcode", 2**63 - 1), ("retcode", 2**64 - 1), ("retcode", -(2**63)), ("started", 2**63), ("started", -1.0),
     ("duration_s", 1e308), ("trimmed", 2**64 - 1), ("trimmed", -1), ("jid", "9" * 21), ("fun", "a" * 200 + ".b"),
     ("out", "x" * 10_000), ("outcome", "won"), ("started", True), ("retcode", 1.5)],
)  # fmt: skip
def test_giant_and_wrong_numbers_are_refused(arena: Arena, field: str, value: Any) -> None:
    insider = arena.insider("bomber", reads=False)
    with arena.counted("message refused: malformed"):
        insider.say("return", {**BODIES["return"], field: value})


# ------------------------------------------------------------------ the control socket


CONTROL: dict[str, tuple[bytes, str]] = {
    "length of 4 GiB": (b"\xff\xff\xff\xff", "frame of 4294967295 bytes"),
    "length of 4 GiB and some bytes": (b"\xff\xff\xff\xff" + b"x" * 9, "frame of 4294967295 bytes"),
    "one byte over 1 MiB": (struct.pack(">I", MIB + 1), f"frame of {MIB + 1} bytes"),
    "no bytes": (bytes(4), "not a msgpack value"),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "frame of 1195725856 bytes"),
    "noise": (bytes(range(4, 250)), "frame of"),
}


@pytest.mark.parametrize("name", CONTROL)
def test_bad_length_on_the_control_socket_is_answered_and_cut_off(arena: Arena, name: str) -> None:
    sent, text = CONTROL[name]
    before = resident_mib(arena.pid)
    error = _control(arena, sent)
    assert (error["kind"], text in error["text"]) == ("usage", True), error
    assert resident_mib(arena.pid) - before < 16


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_on_the_control_socket_is_a_usage_error(arena: Arena, name: str) -> None:
    bomb = BOMBS[name]
    wrapped = b"\x82\xa2op\xa6runner\xa4args" + bomb
    for body in (bomb, wrapped, b"\x81\xa2op" + bomb):
        error = _control(arena, struct.pack(">I", len(body)) + body)
        assert error["kind"] == "usage", error
        assert len(error["text"]) < 300


@pytest.mark.parametrize(
    "sent", [b"", b"\0", b"\0\0\0", b"\0\0\0\x09", b"\0\0\0\x09\x81", b"\0\x0f\xff\xff" + b"x" * 5000]
)
def test_truncated_request_is_let_go(arena: Arena, sent: bytes) -> None:
    with _connection(arena) as made:
        made.sendall(sent)
        made.shutdown(socket.SHUT_WR)
        assert made.recv(4096) == b""


def test_large_request_within_bounds_is_read_and_refused_soon(arena: Arena) -> None:
    body = b"\x82\xa2op\xa6runner\xa4args\xdd" + struct.pack(">I", 1_000_000) + b"\x90" * 1_000_000
    before = cpu_seconds(arena.pid)
    for _ in range(5):
        assert _control(arena, struct.pack(">I", len(body)) + body)["kind"] == "usage"
    assert cpu_seconds(arena.pid) - before < SOON_S, (
        "local users without any right could keep the master busy"
    )


def _connection(arena: Arena) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(30)
    made.connect(str(arena.fleet.master_root / "run/shoal/master/master.sock"))
    return made


def _control(arena: Arena, sent: bytes) -> dict[str, str]:
    """Send bytes to the control socket and return the one error that comes back before it is closed."""
    with _connection(arena) as made:
        made.sendall(sent)
        received = b""
        while data := made.recv(65536):
            received += data
    (message,) = FrameReader().feed(received)
    error: dict[str, str] = message["error"]
    return error


# ------------------------------------------------------------------ what operators write


def _laughs(levels: int, name: str = "lol") -> str:
    lines = [f"{name}0: &{name}0 [a, a, a, a, a, a, a, a, a]"]
    for level in range(1, levels):
        lines.append(f"{name}{level}: &{name}{level} [{', '.join([f'*{name}{level - 1}'] * 9)}]")
    return "\n".join(lines)


YAML: dict[str, str] = {
    "billion laughs": _laughs(12),
    "laughs in keys": "a: &a {b: 1}\n? *a\n: 2",
    "alias of itself": "a: &a [*a]",
    "lists in lists": "a: " + "[" * 10_000,
    "maps in maps": "a: " + "{a: " * 10_000,
    "blocks in blocks": "\n".join(" " * level + "a:" for level in range(500)),
    "dashes": "a:\n " + "- " * 5000 + "b",
    "tag": "a: !!python/object/apply:os.system ['touch /tmp/shoal-was-here']",
    "tag of a name": "a: !!python/name:os.system",
    "own tag": "a: !include /etc/shadow",
    "binary": "a: !!binary aGVsbG8=",
    "set": "a: !!set {b, c}",
    "merge": "a: &a {b: 1}\nc:\n  <<: *a",
    "duplicate keys": "a: 1\na: 2",
    "key that is a list": "[a]: 1",
    "two documents": "a: 1\n---\nb: 2",
    "control characters": "a: \x1b[31m",
    "NUL": "a: \0",
    "no map": "- a",
    "many values": "a: [" + "1," * 60_000 + "]",
}


@pytest.mark.parametrize("name", YAML)
def test_yaml_bomb_in_a_configuration_is_one_error_of_one_line(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError) as refused:
        parse_yaml(YAML[name].encode(), "master")
    assert time.monotonic() - began < 5 * SOON_S
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500
    assert not Path("/tmp/shoal-was-here").exists()


def test_giant_numbers_in_a_configuration_are_bounded() -> None:
    for text in (
        "9" * 100_000,
        "0x" + "f" * 100_000,
        "0o" + "7" * 100_000,
        "1e" + "9" * 1000,
        "1_" * 5000 + "1",
    ):
        _soon(lambda text=text: parse_yaml(f"a: {text}".encode(), "master"))


@pytest.mark.parametrize("name", ["billion laughs", "tag"])
def test_master_and_minion_do_not_start_with_a_bomb_for_a_configuration(
    arena: Arena, tmp_path: Path, name: str
) -> None:
    for program in ("shoal-master", "shoal-minion"):
        etc = tmp_path / program / "etc/shoal"
        etc.mkdir(parents=True)
        (etc / program.removeprefix("shoal-")).write_text(YAML[name])
        done = arena.fleet.program(program, root=tmp_path / program, check=False)
        assert done.returncode != 0
        assert done.stderr.count("\n") == 1, done.stderr
        assert "Traceback" not in done.stderr


TYPED: dict[str, str] = {
    "lists in JSON": "[" * 100_000 + "]" * 100_000,
    "maps in JSON": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "lists in YAML": "[" * 5000 + "a" + "]" * 5000,
    "maps in YAML": "{a: " * 5000 + "b" + "}" * 5000,
    "aliases": "[&a [x, x], *a, *a]",
    "tag": "[!!python/object/apply:os.system ['touch /tmp/shoal-was-here']]",
    "tag on a map": "{a: !!python/name:os.system }",
    "duplicate keys in JSON": '{"a": 1, "a": 2}',
    "duplicate keys in YAML": "{a: 1, a: 2}",
    "keys that are lists": "{[a]: 1}",
    "merge": "{<<: &a {b: 1}}",
}


@pytest.mark.parametrize("name", TYPED)
def test_bomb_among_the_arguments_is_a_short_error(name: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError) as refused:
        read_container(TYPED[name])
    assert time.monotonic() - began < SOON_S
    assert len(str(refused.value)) < 200
    assert not Path("/tmp/shoal-was-here").exists()


@pytest.mark.parametrize("name", TYPED)
def test_bomb_typed_at_the_command_line_reaches_nobody(arena: Arena, name: str) -> None:
    """Through the program, the master and to the minion, in the three places where text is read as a value."""
    bomb = TYPED[name][:90_000]
    for words in ((GOOD, "cmd.run", bomb), (GOOD, "cmd.run", "true", f"env={bomb}")):
        done = arena.fleet.shoal(*words)
        assert "Traceback" not in done.stdout + done.stderr
        assert len(done.stderr) < 1000
    done = arena.fleet.program("shoal-run", "token.create", f"uses={bomb}", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    assert not Path("/tmp/shoal-was-here").exists()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "0x" + "f" * 5000])
def test_numbers_that_are_none_stay_text(arena: Arena, value: str) -> None:
    assert arena.run(GOOD, "test.arg", value, from_text=True)[GOOD]["ret"]["args"] == [value]
    shown = arena.run(GOOD, "test.arg", json.dumps([1])[:-1] + f", {value}]", from_text=True)[GOOD]
    assert "Traceback" not in str(shown)


def _soon(work: Callable[[], object]) -> None:
    """Run `work`; it may refuse, it may not take long."""
    began = time.monotonic()
    try:
        work()
    except (ConfigError, WireError, ValueError):
        pass
    assert time.monotonic() - began < SOON_S


def test_limit_of_values_is_what_these_tests_are_made_for() -> None:
    assert MAX_VALUES == 50_000
