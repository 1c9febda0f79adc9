"""The resolver's settings (resolv.conf(5))."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

# systemd-resolved puts itself in /etc/resolv.conf; the servers it asks are in its own file.
_FILES: Final = ("run/systemd/resolve/resolv.conf", "etc/resolv.conf")
_WORDS: Final = ("nameserver", "sortlist", "domain", "search", "options")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `dns`: all, IPv4 and IPv6 `nameservers`, `sortlist`, `domain`, `search`, `options`."""
    text = sources.first_text(*_FILES)
    found: dict[str, list[str]] = {word: [] for word in _WORDS}
    for line in text.splitlines():
        words = line.partition("#")[0].partition(";")[0].split()
        if words and words[0] in found:
            # Servers and options add up; of the others the last line counts.
            keep = found[words[0]] if words[0] in ("nameserver", "options") else []
            found[words[0]] = keep + words[1:]
    if not any(found.values()):
        return {}
    servers = found["nameserver"]
    return {
        "dns": {
            "nameservers": servers,
            "ip4_nameservers": [server for server in servers if ":" not in server],
            "ip6_nameservers": [server for server in servers if ":" in server],
            "sortlist": found["sortlist"],
            "domain": " ".join(found["domain"]),
            "search": found["search"],
            "options": found["options"],
        }
    }
