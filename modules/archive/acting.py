"""Lets the rest of a block touch files with another user's rights.

Only the effective ids change: the job has a process of its own, and it gets its rights back at the end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from modules.process_env import find_account


@contextmanager
def acting_as(user: str) -> Iterator[None]:
    """Act as `user` inside the block; "" changes nothing. Raises CommandError when that is not possible."""
    account = find_account(user) if user else None
    if account is None or account.is_us:
        yield
        return
    groups, gid, uid = os.getgroups(), os.getegid(), os.geteuid()
    try:
        os.setgroups(account.groups)
        os.setegid(account.gid)
        os.seteuid(account.uid)
        yield
    finally:
        os.seteuid(uid)
        os.setegid(gid)
        os.setgroups(groups)
