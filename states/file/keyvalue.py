"""`file.keyvalue`: lines of a key, a separator and a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from modules.context import Context
from modules.file.content import newline_of, split_lines
from modules.file.place import is_there
from shoal.errors import ModuleError
from states.declare import state
from states.file.diffs import HIDDEN
from states.file.edits import Telling, edited, read, text_of
from states.file.paths import absolute_path
from states.plan import Plan, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyValueOptions:
    """How lines are read and changed. Spellings are Salt's."""

    separator: str = "="
    append_if_not_found: bool = False
    prepend_if_not_found: bool = False
    count: int = 1  # lines of one key that stay, further ones go; -1 = all stay
    uncomment: str | None = None  # characters that begin a comment: a key behind them counts
    key_ignore_case: bool = False
    value_ignore_case: bool = False
    ignore_if_missing: bool = False
    create_if_missing: bool = False
    prune: bool = False  # all other lines go
    show_changes: bool = True


_DEFAULTS: Final = KeyValueOptions()


@state
def keyvalue(
    ctx: Context,
    name: str,
    key: str | None = None,
    value: str | int | float | bool | None = None,
    key_values: dict[str, Any] | None = None,
    options: KeyValueOptions = _DEFAULTS,
) -> Plan:
    """Keep values of keys in a file with a line for each.

    A key that has no line is added only with `append_if_not_found` or `prepend_if_not_found`. The key must stand right
    before the separator: `separator: ' = '` is another one than `=`.

    Example:

        /etc/ssh/sshd_config:
          file.keyvalue:
            - key_values: {PermitRootLogin: 'no', X11Forwarding: 'no'}
            - separator: ' '
            - uncomment: '#'
            - append_if_not_found: true
    """
    wanted = dict(key_values or {})
    if key is not None and value is not None:
        wanted[key] = value
    if not wanted:
        raise ModuleError("file.keyvalue key and value not supplied and key_values is empty")
    if not is_there(absolute_path(name)) and not options.create_if_missing:
        if options.ignore_if_missing:
            return unchanged(f"unable to open {name}")
        raise ModuleError(f"unable to open {name}")
    now = read(ctx, name, create=options.create_if_missing)
    work = _Work(wanted, options, append=options.append_if_not_found or not now.there)
    after = work.done(text_of(now))
    if not work.diff:
        return unchanged("")
    told = f"{work.changed} lines modified, {work.deleted} deleted"
    would = f"File {name} is set to be changed ({told})"
    if options.show_changes:
        would += "\nPredicted diff:\n" + "".join(f"\r\t\t{line}\n" for line in work.diff)
    diff = "".join(f"{line}\n" for line in work.diff) if options.show_changes else HIDDEN
    did = f"Changed {work.changed}, deleted {work.deleted} lines"
    return edited(now, after, Telling(did=did, would=would, changes={"diff": diff}))


@dataclass(slots=True)
class _Work:
    """One pass over the lines of a file; afterwards `diff` tells what it did."""

    wanted: dict[str, Any]
    options: KeyValueOptions
    append: bool
    changed: int = 0
    deleted: int = 0
    diff: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def done(self, text: str) -> str:
        """Return the new text."""
        end = newline_of(text)
        kept = [line for old in split_lines(text) for line in self._line(old, end)]
        missing = [key for key in self.wanted if key not in self.seen]
        new = [self._text(key, key) + end for key in missing]
        if not new or not (self.append or self.options.prepend_if_not_found):
            return "".join(kept)
        self.changed += len(new)
        added = [f"+ {self._shown(key, key)}" for key in missing]
        if self.options.prepend_if_not_found:
            self.diff = ["  <SOF>", *added, *self.diff]
            return "".join([*new, *kept])
        self.diff += ["- <EOF>", *added, "+ <EOF>"]
        if kept and not kept[-1].endswith("\n"):
            kept[-1] += end
        return "".join([*kept, *new])

    def _line(self, old: str, end: str) -> list[str]:
        """Return what becomes of a line: itself, another one, or nothing."""
        bare = old.rstrip("\r\n")
        key, spelled, value, commented = self._read(bare)
        if key is None:
            if not self.options.prune:
                return [old]
            self.deleted += 1
            self.diff.append(f"- {bare}")
            return []
        many = self.options.count >= 0 and self.seen.get(key, 0) >= max(1, self.options.count)
        if many and commented:
            return [old]
        self.seen[key] = self.seen.get(key, 0) + 1
        if many:
            self.changed += 1
            self.diff.append(f"- {bare}")
            return []
        if not commented and self._same(value, str(self.wanted[key])):
            return [old]
        self.changed += 1
        self.diff += [f"- {bare}", f"+ {self._shown(key, spelled)}"]
        return [self._text(key, spelled) + (end if old.endswith("\n") else "")]

    def _read(self, bare: str) -> tuple[str | None, str, str, bool]:
        """Return the wanted key that a line is of, as the line spells it, its value, and whether it is commented."""
        text, commented = bare, False
        if self.options.uncomment:
            text = bare.lstrip(f"{self.options.uncomment} \t")
            commented = text != bare
        spelled, separator, value = text.partition(self.options.separator)
        if not separator:
            return None, "", "", False
        for key in self.wanted:
            if spelled == key or (self.options.key_ignore_case and spelled.lower() == key.lower()):
                return key, spelled, value, commented
        return None, "", "", False

    def _same(self, value: str, wanted: str) -> bool:
        if self.options.value_ignore_case:
            return value.lower() == wanted.lower()
        return value == wanted

    def _text(self, key: str, spelled: str) -> str:
        return f"{spelled}{self.options.separator}{self.wanted[key]}"

    def _shown(self, key: str, spelled: str) -> str:
        kind = type(self.wanted[key]).__name__
        return self._text(key, spelled) + ("" if kind == "str" else f" (from {kind} type)")
