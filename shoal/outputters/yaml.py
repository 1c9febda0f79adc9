"""`yaml`: one document, sorted by key; one per minion unless `--static`."""

from __future__ import annotations

from typing import Any, Final

import yaml

from shoal.outputters.style import Style
from shoal.outputters.terminal import is_unsafe
from shoal.wire import plain

_MAX_DEPTH: Final = 100  # more than anything that came over the wire
_ONE_LINE: Final = 2**31


class _Dumper(yaml.SafeDumper):
    """Writes no anchors, and quotes text that YAML would take for printable but a terminal obeys."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    style = '"' if any(is_unsafe(ord(char)) for char in value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def render(data: Any, style: Style) -> str:
    """Return `data` as YAML; bytes become the text they spell."""
    one_line = style.indent < 0
    text: str = yaml.dump(
        plain(data, _MAX_DEPTH),
        Dumper=_Dumper,
        indent=max(style.indent, 0),
        default_flow_style=one_line,
        width=_ONE_LINE if one_line else 80,
        allow_unicode=True,
    )
    text = text.removesuffix("...\n").removesuffix("\n")
    if text.isprintable():
        return text
    # Only inside double quotes, because of `_text`: an escape means the same there.
    return "".join(f"\\u{ord(char):04x}" if is_unsafe(ord(char)) else char for char in text)
