"""`shoal-run pillar.seal`: a secret from standard input becomes `!sealed …` for a pillar file.

Sealed here, with the public key that the master names: the secret goes over no socket, and is no argument.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence

from master.cli.client import Conversation
from master.cli.output import Output
from pki.sealing import MAX_PLAIN_BYTES, seal
from shoal import exits
from shoal.exits import UsageError
from shoal.render.sealed import TAG


def seal_secret(path: str, hint: str, words: Sequence[str], output: Output) -> int:
    """Read the secret and print it sealed; return the exit code."""
    if words:
        raise UsageError(
            "pillar.seal takes no argument: others could see it. Type the secret when asked, or pipe it in"
        )
    request = {"op": "runner", "fun": "pillar.seal_key", "args": [], "kwargs": {}, "from_text": True}
    with Conversation(path, request, hint=hint) as talk:
        public = base64.b64decode(str(talk.answer().get("value")))
    secret = _typed() if sys.stdin.isatty() else _piped()
    if not secret:
        raise UsageError("the secret is empty")
    output.value(f"{TAG} {seal(public, secret)}", "")
    return exits.OK


def _typed() -> str:
    from getpass import getpass  # only at a terminal

    secret = getpass("Secret: ")
    if getpass("Again: ") != secret:
        raise UsageError("these were two different ones")
    return secret


def _piped() -> str:
    data = sys.stdin.buffer.read(MAX_PLAIN_BYTES + 2)
    if len(data) > MAX_PLAIN_BYTES + 1:
        raise UsageError(f"the secret is longer than {MAX_PLAIN_BYTES} bytes")
    try:
        return data.decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise UsageError("the secret is not UTF-8 text") from None
