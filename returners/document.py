"""A return as JSON, with Salt's names for what Salt's returners get: what `jsonl` and `webhook` hand over."""

from __future__ import annotations

import json
from typing import Any

from returners.contract import ReturnCopy
from shoal.errors import WireError
from shoal.wire import plain


def document(copy: ReturnCopy) -> dict[str, Any]:
    """Return what a receiver is told of one return; a value that cannot be read is a text that says so."""
    told = {
        "jid": copy.jid,
        "id": copy.minion,
        "fun": copy.fun,
        "user": copy.user,
        "return": _value(copy),
        "retcode": copy.retcode,
        "success": copy.success,
        "outcome": copy.outcome,
        "started": copy.started,
        "duration_s": copy.duration_s,
        "stored_at": copy.stored_at,
    }
    if copy.args is not None:
        told["fun_args"] = plain(list(copy.args))
        told["fun_kwargs"] = plain(dict(copy.kwargs or {}))
    return told


def as_json(value: Any) -> str:
    """Return `value` in one line of ASCII."""
    return json.dumps(value, separators=(",", ":"))


def _value(copy: ReturnCopy) -> Any:
    try:
        return plain(copy.value())
    except WireError as error:
        return f"[cannot be read: {error}]"
