"""What somebody sees who sits between a minion and its master and writes every byte down: nothing.

A minion joins by token, runs a job and brings its result home through a recording proxy. Everything planted must
have arrived and nothing of it may stand in what went over the wire.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from pki.join import parse_join_string
from tests.fleet import Fleet, short_folder
from tests.proxy import Connection, Proxy

BOX: Final = "canary-minion-5c1d"
GRAIN: Final = "canary-grain-9b2e"
TAG: Final = "canary-tag-77aa"
ARGUMENT: Final = "canary-argument-e01f"
OUTPUT: Final = "canary-output-3d44"
FUNCTION: Final = "cmd.run"
MANY: Final = 4000  # the output is repeated: plain text, or text under a fixed mask, could be packed well

# ZMTP 3.1, the greeting: signature 10, version 2, mechanism 20, as-server 1, filler 31
GREETING: Final = 64
MECHANISM: Final = slice(12, 32)


@dataclass(frozen=True)
class Capture:
    """What was seen, and what must not have been."""

    connections: list[Connection]
    ports: tuple[int, int]
    secrets: dict[str, bytes]


@pytest.fixture(scope="module")
def capture() -> Iterator[Capture]:
    """Join, run, return; all of it through the proxy."""
    with (
        short_folder() as folder,
        Fleet(folder) as fleet,
        Proxy(fleet.publish_port, fleet.request_port, record=True) as wire,
    ):
        fleet.start_master(interface=wire.to, advertise=[wire.host])
        join = fleet.token(site=TAG)
        fleet.configure_minion(BOX, grains={"canary": GRAIN})
        fleet.join_string(BOX, join)
        fleet.start_minion(BOX)
        fleet.wait_up(BOX)
        repeat = f"# {ARGUMENT}\nfor i in $(seq {MANY}); do printf %s {OUTPUT}; done"
        done = fleet.shoal("-C", f"G@canary:{GRAIN} and T@site:{TAG}", FUNCTION, repeat, check=True)
        assert OUTPUT * MANY in done.stdout
        fleet.minions[BOX].stop()
        token = parse_join_string(join).token
        secrets = {
            name: text.encode()
            for name, text in {
                "minion id": BOX, "grain": GRAIN, "tag": TAG, "argument": ARGUMENT, "output": OUTPUT,
                "function": FUNCTION, "token": token, "secret half of the token": token[-20:],
                "verb": "grains_digest", "welcome": "heartbeat_s",
            }.items()
        }  # fmt: skip
        yield Capture(list(wire.connections), (fleet.publish_port, fleet.request_port), secrets)


def test_both_ports_were_used_in_both_directions(capture: Capture) -> None:
    publish, request = capture.ports
    seen = {
        port: (sum(len(each.to_server) for each in some), sum(len(each.to_client) for each in some))
        for port in capture.ports
        for some in [[each for each in capture.connections if each.port == port]]
    }
    assert min(*seen[publish], *seen[request]) > 2 * GREETING, seen
    assert seen[publish][1] > len(ARGUMENT) + 200, "the job came on the publish port"
    assert seen[request][0] > len(OUTPUT) * MANY, "the result went home on the request port"


def test_every_greeting_names_curve_and_nothing_else(capture: Capture) -> None:
    for each in capture.connections:
        for data in (each.to_server, each.to_client):
            greeting = bytes(data[:GREETING])
            assert (greeting[0], greeting[9]) == (0xFF, 0x7F)
            assert greeting[10] == 3
            assert greeting[MECHANISM] == b"CURVE".ljust(20, b"\0")
            assert greeting[32:] == bytes(32), "libzmq says as-server of neither end; the rest is filler"


def test_nothing_that_was_said_can_be_read(capture: Capture) -> None:
    for each in capture.connections:
        for data in (bytes(each.to_server), bytes(each.to_client)):
            for name, secret in capture.secrets.items():
                for shape in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-1]):
                    assert shape not in data, f"the {name} stands on the wire of port {each.port}"


def test_what_was_said_cannot_be_told_from_noise(capture: Capture) -> None:
    largest = max((each.to_server for each in capture.connections), key=len)
    assert len(largest) > len(OUTPUT) * MANY
    assert len(zlib.compress(bytes(largest), 9)) > 0.98 * len(largest)
