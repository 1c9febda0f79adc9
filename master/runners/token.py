"""Join tokens: what a new minion shows to be accepted at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from master.runners.context import RunnerContext
from master.runners.tag import _check as check_tag
from master.store.tokens import TokenRecord
from pki.join import JoinString
from pki.token import hash_token, new_token
from shoal.errors import ArgumentError
from shoal.functions.function import function

_DURATION: Final = re.compile(r"([0-9]{1,6})([smhdw]?)")
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_MAX_USES: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What `token.create` may be told."""

    uses: int = 1
    expires: str = "24h"
    site: str = ""
    comment: str = ""


@function
async def create(ctx: RunnerContext, wish: TokenWish, **tags: str) -> dict[str, Any]:
    """Make a join token and the join string to paste on the box. The string is shown this once.

    `expires` is a number with s, m, h, d or w. Further `key=value` pairs become tags of the minions that join.

    CLI Example:

        shoal-run token.create uses=20 expires=7d site=paris environment=test
    """
    if not 1 <= wish.uses <= _MAX_USES:
        raise ArgumentError(f"token.create: uses must be 1 to {_MAX_USES}")
    given = {**({"site": wish.site} if wish.site else {}), **tags}
    for key, value in given.items():
        check_tag(key, value)
    now = ctx.now()
    token_id, secret = new_token()
    record = TokenRecord(
        id=token_id,
        secret_hash=bytes.fromhex(hash_token(secret)),
        created=now,
        expires=now + _seconds(wish.expires),
        uses_left=wish.uses,
        max_uses=wish.uses,
        tags=given,
        site=wish.site,
        created_by=ctx.caller.name,
        comment=wish.comment[:200],
    )
    await ctx.writer.call(ctx.store.tokens.create, record)
    return {
        "id": token_id,
        "uses": wish.uses,
        "expires": wish.expires,
        "tags": given,
        "join": _join(ctx, secret),
    }


@function
async def list_(ctx: RunnerContext) -> dict[str, Any]:
    """List the join tokens: never their secrets, which are not stored.

    CLI Example:

        shoal-run token.list
    """
    now = ctx.now()
    return {
        record.id: {
            "uses_left": record.uses_left,
            "uses": record.max_uses,
            "state": _state(record, now),
            "expires_in": max(0, int(record.expires - now)),
            "tags": dict(record.tags),
            "created_by": record.created_by,
            "comment": record.comment,
        }
        for record in await ctx.writer.read(ctx.store.tokens.all)
    }


@function
async def revoke(ctx: RunnerContext, token_id: str) -> bool:
    """Revoke a join token by its id; minions that joined with it stay.

    CLI Example:

        shoal-run token.revoke k3v9x2m4
    """
    if not await ctx.writer.call(ctx.store.tokens.revoke, token_id[:64]):
        raise ArgumentError(
            f"no join token {token_id[:40]!r} that could be revoked; see shoal-run token.list"
        )
    return True


@function
def join_string(ctx: RunnerContext) -> str:
    """Return the join string without a token: the minion then waits until an operator accepts its key.

    CLI Example:

        shoal-run token.join_string
    """
    return _join(ctx, "")


def _join(ctx: RunnerContext, secret: str) -> str:
    addresses, publish_port, request_port = ctx.reach
    identity = ctx.identity
    return JoinString(
        root_key=identity.anchor.root_public,
        addresses=addresses,
        publish_port=publish_port,
        request_port=request_port,
        curve_key=identity.keys.curve.public,
        token=secret,
    ).to_text()


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 1 <= seconds <= 3650 * 86400:
        raise ArgumentError(
            f"token.create: bad duration {text[:20]!r}: a number with s, m, h, d or w expected"
        )
    return seconds


def _state(record: TokenRecord, now: float) -> str:
    if record.revoked_at is not None:
        return "revoked"
    if now >= record.expires:
        return "expired"
    return "good" if record.uses_left else "used up"
