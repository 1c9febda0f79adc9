"""A fleet in memory with real keys: a root, a master, a minion. Tests turn one knob and look."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from pki.anchor import TrustAnchor
from pki.certificate import issue_certificate
from pki.envelope import seal
from pki.fingerprint import fleet_id
from pki.hello import Hello, make_hello
from pki.keys import CurveKey, NodeKeys, SignKey
from pki.masters import MasterEntry, MastersDocument, issue_masters
from pki.trust import JobTrust
from pki.welcome import Welcome, seal_welcome
from shoal.errors import TrustError, WireError
from shoal.job import Job
from shoal.policy import Policy
from shoal.wire import encode

NOW = 1_800_000_000.0
DAY = 86400.0
JID = "20270115080000000000"
NONCE = bytes(range(16))


def node(number: int) -> NodeKeys:
    """Return the same keys for the same number, every time."""
    return NodeKeys(SignKey(bytes([number]) * 32), CurveKey(bytes([number + 100]) * 32))


class Fleet:
    """Everything that the root and its master can make."""

    def __init__(self, number: int = 1) -> None:
        self.root = SignKey(bytes([200 + number]) * 32)
        self.id = fleet_id(self.root.public)
        self.master = node(number)
        self.minion = node(number + 50)
        self.certificate = self.certify()

    def certify(
        self,
        keys: NodeKeys | None = None,
        *,
        name: str = "m1",
        not_before: float = NOW - DAY,
        not_after: float = NOW + 90 * DAY,
        serial: int = 1,
    ) -> bytes:
        keys = keys or self.master
        return issue_certificate(
            self.root,
            name,
            (keys.sign.public, keys.curve.public),
            valid=(not_before, not_after),
            serial=serial,
        )

    def anchor(self, *revoked: int) -> TrustAnchor:
        return TrustAnchor(self.root.public, revoked)

    def job(self, **changes: Any) -> Job:
        values: dict[str, Any] = {
            "jid": JID,
            "fleet": self.id,
            "to": "*",
            "fun": "test.ping",
            "issued": NOW,
            "expires": NOW + 30,
            "user": "root",
        }
        return Job(**(values | changes))

    def sealed_job(self, certificate: bytes = b"", **changes: Any) -> bytes:
        return seal(
            "job", encode(self.job(**changes).to_wire()), self.master.sign, certificate or self.certificate
        )

    def trust(self, policy: Policy | None = None, max_seen: int = 4096, *revoked: int) -> JobTrust:
        trust = JobTrust(self.anchor(*revoked), "box1", policy, max_seen)
        trust.start_session(NOW - 60)
        return trust

    def document(self, **changes: Any) -> MastersDocument:
        entry = MasterEntry(
            name="m1",
            addresses=("master.example.com", "192.0.2.1"),
            publish_port=4505,
            request_port=4506,
            curve_key=self.master.curve.public,
            certificate=self.certificate,
        )
        values: dict[str, Any] = {
            "version": 7,
            "fleet": self.id,
            "issued": NOW - DAY,
            "expires": NOW + 30 * DAY,
            "masters": (entry,),
        }
        return MastersDocument(**(values | changes))

    def masters(self, **changes: Any) -> bytes:
        return issue_masters(self.root, self.document(**changes))

    def hello(self, **changes: Any) -> Hello:
        values: dict[str, Any] = {
            "id": "box1",
            "sign_key": self.minion.sign.public,
            "curve_key": self.minion.curve.public,
            "nonce": NONCE,
            "boot_id": "b-1",
            "started": NOW - 5,
            "shoal": "0.1.0",
        }
        return Hello(**(values | changes))

    def sealed_hello(self, **changes: Any) -> bytes:
        return make_hello(self.hello(**changes), self.minion.sign)

    def sealed_welcome(self, certificate: bytes = b"", **changes: Any) -> bytes:
        values: dict[str, Any] = {"nonce": NONCE, "status": "accepted", "time": NOW, "tags": {"site": "quay"}}
        welcome = Welcome(**(values | changes))
        return seal_welcome(welcome, self.master.sign, certificate or self.certificate)


def refusal(judge: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """Return the reason with which `judge` refuses; `wire` for a WireError."""
    with pytest.raises((WireError, TrustError)) as caught:
        judge(*args, **kwargs)
    assert "\n" not in str(caught.value)
    return caught.value.reason if isinstance(caught.value, TrustError) else "wire"


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a copy of `body` without one field."""
    rest = copy.copy(body)
    del rest[name]
    return rest
