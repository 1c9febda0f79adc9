"""The configuration file that a package brings: every key with its default, as a comment.

Made from what the programs themselves read, so it cannot be wrong for long.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from master.config import MasterConfig
from minion.config import MinionConfig
from shoal.config.describe import Row, describe

SECTIONS = {"master": MasterConfig, "minion": MinionConfig}
HEAD = """\
# Configuration of shoal-{program}. All of it is optional: what stands here are the defaults.
# Your own settings: here, or in /etc/shoal/{program}.d/*.conf, which count more. They take effect when the daemon is
# restarted. All keys are explained in /usr/share/doc/shoal-{program}/configuration.md.gz.
"""


def sample(program: str) -> str:
    """Return the text of /etc/shoal/PROGRAM."""
    return "\n".join([HEAD.format(program=program), *_keys(program)])


def _keys(program: str) -> Iterator[str]:
    for row in describe(SECTIONS[program]):
        text = f"{row.doc}. Takes: {row.kind}".replace("`", "")
        yield from textwrap.wrap(text, 110, initial_indent="# ", subsequent_indent="# ")
        yield f"#{row.key}: {_default(row)}".rstrip() + "\n"


def _default(row: Row) -> str:
    if row.default.startswith("("):
        return ""
    return f"{{{row.default}}}" if row.kind.startswith("a map") else row.default
