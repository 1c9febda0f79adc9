"""One line of fstab, and the file as lines. What is not understood stays where it is, to the byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from modules.mount.escapes import escape, fields_of, unescape
from modules.text_file import lines_of, text_of
from shoal.errors import ArgumentError, ModuleError

Field = Literal["name", "device", "fstype", "opts", "dump", "pass_num"]
Change = Literal["new", "present", "change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabEntry:
    """What is to be mounted where."""

    name: str
    device: str
    fstype: str
    opts: str
    dump: str
    pass_num: str

    @staticmethod
    def from_line(line: str) -> FstabEntry | None:
        """Return what a line says, None for a comment, an empty line or one that is not understood."""
        words = fields_of(line)
        comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
        words = words[:comment]
        if not 3 <= len(words) <= 6:
            return None
        words += ["defaults", "0", "0"][len(words) - 3 :]
        device, name, fstype, opts = map(unescape, words[:4])
        return FstabEntry(
            name=name, device=device, fstype=fstype, opts=opts, dump=words[4], pass_num=words[5]
        )

    def to_line(self) -> str:
        """Return the line, without its end."""
        fields = (self.device, self.name, self.fstype, self.opts)
        return "\t".join((*map(escape, fields), self.dump, self.pass_num))

    def to_map(self) -> dict[str, Any]:
        """Return it as `mount.fstab` shows it."""
        return {
            "device": self.device,
            "fstype": self.fstype,
            "opts": self.opts.split(","),
            "dump": self.dump,
            "pass": self.pass_num,
        }

    def check(self) -> None:
        """Raise ArgumentError if a field is empty or cannot be written."""
        for field in ("name", "device", "fstype", "opts"):
            value: str = getattr(self, field)
            if not value or "\0" in value or "\n" in value:
                raise ArgumentError(f"{field} cannot be {value!r} in fstab")

    def agrees(self, other: FstabEntry, fields: Sequence[Field]) -> bool:
        """Say whether both have the same in these fields; a path's last slash does not count."""
        return all(_same(getattr(self, field)) == _same(getattr(other, field)) for field in fields)


def entries(text: str) -> dict[str, FstabEntry]:
    """Return the entries of a file by mount point; of several with one name, the later ones get a `_` each."""
    found: dict[str, FstabEntry] = {}
    for line in lines_of(text):
        if entry := FstabEntry.from_line(line):
            name = entry.name
            while name in found:
                name += "_"
            found[name] = entry
    return found


def put(text: str, entry: FstabEntry, fields: Sequence[Field], *, keep: bool) -> tuple[str, Change]:
    """Return the file with `entry` in place of the one that agrees in `fields`, or at the end.

    With `keep` an entry that is there stays as it is. Raises ModuleError when several agree.
    """
    lines = lines_of(text)
    found = [(i, old) for i, line in enumerate(lines) if (old := FstabEntry.from_line(line))]
    places = [(i, old) for i, old in found if entry.agrees(old, fields)]
    if len(places) > 1:
        numbers = " and ".join(str(i + 1) for i, _ in places)
        raise ModuleError(
            f"fstab has several entries for {entry.name}, in lines {numbers}: remove all but one"
        )
    if not places:
        return text_of([*lines, entry.to_line()]), "new"
    place, old = places[0]
    if old == entry or keep:
        return text, "present"
    lines[place] = entry.to_line()
    return text_of(lines), "change"


def without(text: str, name: str, device: str) -> str:
    """Return the file without the entries for this mount point and device ("" = any)."""

    def goes(line: str) -> bool:
        entry = FstabEntry.from_line(line)
        return (
            entry is not None
            and _same(entry.name) == _same(name)
            and (not device or _same(entry.device) == _same(device))
        )

    lines = lines_of(text)
    kept = [line for line in lines if not goes(line)]
    return text_of(kept) if len(kept) < len(lines) else text


def _same(value: str) -> str:
    return value.rstrip("/") or value[:1]
