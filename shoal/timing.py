"""How patient the transport is with connections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Connection care, in milliseconds. The defaults suit NAT and mobile links."""

    heartbeat_ms: int = 15_000
    heartbeat_timeout_ms: int = 30_000
    handshake_ms: int = 30_000
    reconnect_ms: int = 500
    reconnect_max_ms: int = 10_000
