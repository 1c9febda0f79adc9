"""Who is there, and how the master itself is."""

from __future__ import annotations

import time
from typing import Any

from master.runners.context import RunnerContext
from shoal.functions.function import function
from shoal.version import VERSION


@function
def up(ctx: RunnerContext) -> list[str]:
    """List the minions that a job would reach now.

    CLI Example:

        shoal-run manage.up
    """
    return [minion for minion in ctx.roster.ids() if ctx.sessions.present(minion)]


@function
def down(ctx: RunnerContext) -> list[str]:
    """List the accepted minions that a job would not reach now.

    CLI Example:

        shoal-run manage.down
    """
    return [minion for minion in ctx.roster.ids() if not ctx.sessions.present(minion)]


@function
def status(ctx: RunnerContext) -> dict[str, list[str]]:
    """List all accepted minions, by whether a job would reach them now.

    CLI Example:

        shoal-run manage.status
    """
    return {"up": up(ctx), "down": down(ctx)}


@function
def present(ctx: RunnerContext) -> list[str]:
    """List connected minions; the same as `manage.up`, under Salt's other name.

    CLI Example:

        shoal-run manage.present
    """
    return up(ctx)


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


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
