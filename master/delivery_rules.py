"""How a job is delivered when its order does not say: `delivery` in the configuration, by function.

    delivery:
      - fun: state.*
        mode: desired
        channel: highstate
        ttl_s: 2592000

The first rule that matches counts; without one the mode is `now`. What an order says goes before any rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from shoal.config.node import LIST, Node
from shoal.config.read import section_from
from shoal.config.setting import setting
from shoal.errors import ConfigError
from shoal.job import MAX_CHANNEL, MODES

QUEUE_TTL_S: Final = 86400.0
MAX_TTL_S: Final = 30 * 86400.0  # a box refuses jobs that live longer than 31 days


def _channel(name: str) -> str:
    if len(name) > MAX_CHANNEL or not name.isprintable():
        raise ValueError(f"a channel is printable text of at most {MAX_CHANNEL} characters")
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRule:
    """The mode of the functions that match a glob."""

    fun: str = setting(doc="Functions it is for, a glob")
    mode: str = setting(
        "queue", "now, queue, or desired: only the newest of its channel counts", choices=MODES
    )
    channel: str = setting("", "Of a desired job; none: the function's name", check=_channel)
    ttl_s: float = setting(QUEUE_TTL_S, "It waits for its minions so long", low=1, high=MAX_TTL_S)


def read_delivery_rules(node: Node) -> tuple[DeliveryRule, ...]:
    """Return the rules in their order. Raises ConfigError."""
    if node.kind != LIST or any(item.fields is None for item in node.items):
        raise ConfigError(
            f"{node.place}: 'delivery' must be a list of maps, like {{fun: 'state.*', mode: desired}}"
        )
    return tuple(section_from(item, DeliveryRule) for item in node.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How one job is delivered; `channel` is "" unless it is desired."""

    mode: str
    channel: str
    ttl_s: float


def delivery_of(fun: str, mode: str, channel: str, ttl_s: float, rules: Sequence[DeliveryRule]) -> Delivery:
    """Return how a job is delivered whose order said `mode`, `channel`, `ttl_s`; empty and 0: it did not say."""
    rule = next((rule for rule in rules if fnmatchcase(fun, rule.fun)), None)
    if mode and rule is not None and rule.mode != mode:
        rule = None
    mode = mode or (rule.mode if rule is not None else "now")
    usual = MAX_TTL_S if mode == "desired" else QUEUE_TTL_S
    return Delivery(
        mode=mode,
        channel=(channel or (rule.channel if rule is not None else "") or fun) if mode == "desired" else "",
        ttl_s=min(ttl_s or (rule.ttl_s if rule is not None else usual), MAX_TTL_S),
    )
