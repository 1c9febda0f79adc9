"""Who is there, and how the master itself is."""

from __future__ import annotations

import time
from typing import Any

from master.runners.context import RunnerContext
from shoal.functions.function import function
from shoal.targets import Target
from shoal.version import VERSION


@function
def up(ctx: RunnerContext, tgt: str = "*", tgt_type: str = "glob") -> list[str]:
    """List the minions that a job would reach now, all or those that a target means.

    CLI Example:

        shoal-run manage.up
        shoal-run manage.up 'G@os:Debian' tgt_type=compound
    """
    return [minion for minion in _minions(ctx, tgt, tgt_type) if ctx.sessions.present(minion)]


@function(
    aliases=(
        "manage.not_present",
        "manage.not_alived",
        "manage.not_joined",
        "manage.not_allowed",
        "manage.reaped",
    )
)
def down(ctx: RunnerContext, tgt: str = "*", tgt_type: str = "glob") -> list[str]:
    """List the accepted minions that a job would not reach now, all or those that a target means.

    CLI Example:

        shoal-run manage.down
    """
    return [minion for minion in _minions(ctx, tgt, tgt_type) if not ctx.sessions.present(minion)]


@function
def status(ctx: RunnerContext, tgt: str = "*", tgt_type: str = "glob") -> dict[str, list[str]]:
    """List accepted minions, by whether a job would reach them now.

    CLI Example:

        shoal-run manage.status
    """
    return {"up": up(ctx, tgt, tgt_type), "down": down(ctx, tgt, tgt_type)}


@function(aliases=("manage.alived", "manage.joined", "manage.allowed", "manage.not_reaped"))
def present(
    ctx: RunnerContext, subset: list[str] | None = None, show_ip: bool = False
) -> list[str] | dict[str, str]:
    """List connected minions, all or those of `subset`; with `show_ip=True` where each is connected from.

    Salt's five names for this are one thing here: connected, by the minion's own signs of life.

    CLI Example:

        shoal-run manage.present
        shoal-run manage.present web-1,web-2 show_ip=True
    """
    found = [minion for minion in up(ctx) if subset is None or minion in subset]
    if not show_ip:
        return found
    sessions = {minion: ctx.sessions.get(minion) for minion in found}
    return {minion: session.address for minion, session in sessions.items() if session is not None}


@function
def versions(ctx: RunnerContext) -> dict[str, Any]:
    """Compare the minions' releases with the master's.

    CLI Example:

        shoal-run manage.versions
    """
    result: dict[str, Any] = {
        "Master": VERSION,
        "Up to date": {},
        "Other release": {},
        "Not connected": down(ctx),
    }
    for minion in up(ctx):
        session = ctx.sessions.get(minion)
        version = session.version if session else ""
        result["Up to date" if version == VERSION else "Other release"][minion] = version
    return {key: value for key, value in result.items() if value}


@function
def certificate(ctx: RunnerContext) -> dict[str, Any]:
    """Show until when the master's certificate and the masters document are good, and the keys in them.

    `next CURVE key` is one that was announced and is not in use yet, or the one before this one.

    CLI Example:

        shoal-run manage.certificate
    """
    now, identity = ctx.now(), ctx.identity
    certificate, document = identity.certificate, identity.masters
    return {
        "certificate": {
            "name": certificate.name,
            "serial": certificate.serial,
            "valid from": _date(certificate.not_before),
            "valid until": _date(certificate.not_after),
            "days left": int((certificate.not_after - now) // 86400),
        },
        "masters document": {
            "version": document.version,
            "valid until": _date(document.expires),
            "days left": int((document.expires - now) // 86400),
            "masters": {
                entry.name: {
                    "addresses": list(entry.addresses),
                    "CURVE key": entry.curve_key.hex(),
                    "next CURVE key": entry.next_curve_key.hex(),
                }
                for entry in document.masters
            },
        },
    }


@function
def counters(ctx: RunnerContext) -> dict[str, int]:
    """Show how often the master refused something since it started, by reason.

    CLI Example:

        shoal-run manage.counters
    """
    return dict(sorted(ctx.counters.items()))


def _minions(ctx: RunnerContext, tgt: str, tgt_type: str) -> list[str]:
    return ctx.conductor.preview(Target(kind=tgt_type, expr=tgt))


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
