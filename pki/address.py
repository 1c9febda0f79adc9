"""The address of a master in a join string or masters document: a host name or an IP literal.

What passes can be put between `tcp://` and `:port` without changing what that means.
"""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import WireError

MAX_ADDRESS: Final = 253
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_IPV6: Final = re.compile(r"[0-9A-Fa-f:]{1,39}[0-9A-Fa-f:.]{1,15}(?:%[A-Za-z0-9_.-]{1,15})?")


def check_address(value: object) -> str:
    """Return `value` if it is a host name or an IP literal (IPv6 without brackets). Raises WireError."""
    if isinstance(value, str):
        if value.count(":") >= 2 and _IPV6.fullmatch(value):
            return value
        if _NAME.fullmatch(value) and ".." not in value:
            return value
    raise WireError(
        f"bad master address {str(value)[:60]!r}: a host name or IP address expected, without port"
    )
