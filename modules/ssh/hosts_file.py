"""The text of a known_hosts file: finding, setting and removing a host. Other lines stay as they are. Pure."""

from __future__ import annotations

from dataclasses import replace

from modules.ssh.host_entry import HostEntry, hashed
from modules.ssh.public_key import PublicKey
from modules.text_file import lines_of, text_of


def keys_of(text: str, name: str) -> list[PublicKey]:
    """Return the keys that the file has for a host's name."""
    entries = (HostEntry.read(line) for line in lines_of(text))
    return list(dict.fromkeys(entry.public for entry in entries if entry and entry.has(name)))


def without_host(text: str, name: str) -> str:
    """Return the file without a host's name; a line that is for other hosts too stays for those."""
    lines = []
    for line in lines_of(text):
        entry = HostEntry.read(line)
        if entry is None or not entry.has(name):
            lines.append(line)
        elif rest := entry.without(name):
            lines.append(replace(entry, names=rest).text())
    return text_of(lines)


def with_host(text: str, name: str, keys: list[PublicKey], *, hide: bool) -> str:
    """Return the file with just these keys for a host; with `hide` its name is hashed."""
    added = [HostEntry(names=(hashed(name) if hide else name,), public=key).text() for key in keys]
    return without_host(text, name) + text_of(added)


def with_hashes(text: str) -> tuple[str, int]:
    """Return the file with the names hashed, each on a line of its own, and how many there were."""
    lines, many = [], 0
    for line in lines_of(text):
        entry = HostEntry.read(line)
        clear = [] if entry is None else [each for each in entry.names if _can_be_hashed(each)]
        if entry is None or not clear or any("!" in each for each in entry.names):
            lines.append(line)
            continue
        if rest := tuple(each for each in entry.names if each not in clear):
            lines.append(replace(entry, names=rest).text())
        lines += [replace(entry, names=(hashed(each.lower()),)).text() for each in clear]
        many += len(clear)
    return text_of(lines), many


def _can_be_hashed(name: str) -> bool:
    return not name.startswith("|") and not any(sign in name for sign in "*?!")
