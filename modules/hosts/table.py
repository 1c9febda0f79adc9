"""The text of a hosts file as lines. Comments, order and every line that is not meant stay to the byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from modules.text_file import lines_of

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: with an address if it is an entry, otherwise only its text."""

    text: str
    ip: str = ""
    names: Words = ()
    comment: str = ""

    @staticmethod
    def parse(text: str) -> Line:
        """Return what a line says."""
        entry, sign, comment = text.partition("#")
        words = entry.split()
        if not words:
            return Line(text=text)
        return Line(text=text, ip=words[0], names=tuple(words[1:]), comment=comment.strip() if sign else "")

    @staticmethod
    def make(ip: str, names: Words, comment: str = "") -> Line:
        """Return a new entry."""
        tail = f"\t# {comment}" if comment else ""
        return Line(text=f"{ip}\t{' '.join(names)}{tail}", ip=ip, names=names, comment=comment)


@dataclass(frozen=True, slots=True)
class Table:
    """A hosts file. Every change returns another table."""

    lines: tuple[Line, ...]

    @staticmethod
    def parse(text: str) -> Table:
        """Return the table that a text holds."""
        return Table(tuple(map(Line.parse, lines_of(text))))

    def text(self) -> str:
        """Return the file's text."""
        return "".join(f"{line.text}\n" for line in self.lines)

    def entries(self) -> list[Line]:
        """Return the lines that have an address, in order."""
        return [line for line in self.lines if line.ip]

    def names(self, ip: str) -> list[str]:
        """Return the names of an address, from all its lines, each once."""
        found = (name for line in self.entries() if same_ip(line.ip, ip) for name in line.names)
        return list(dict.fromkeys(found))

    def set(self, ip: str, names: Words, comment: str | None) -> Table:
        """Give an address exactly these names, in its first line; none = no line. None keeps its comment."""
        places = [i for i, line in enumerate(self.lines) if line.ip and same_ip(line.ip, ip)]
        old = self.lines[places[0]] if places else None
        said = (old.comment if old else "") if comment is None else comment
        if old and len(places) == 1 and old.names == names and old.comment == said:
            return self
        lines = list(self.lines)
        if names and places:
            lines[places[0]] = Line.make(ip, names, said)
        elif names:
            lines.append(Line.make(ip, names, said))
        gone = set(places[1:] if names else places)
        return Table(tuple(line for i, line in enumerate(lines) if i not in gone))

    def add(self, ip: str, names: Words) -> Table:
        """Give an address more names, behind those of its last line."""
        more = tuple(name for name in names if name.lower() not in map(str.lower, self.names(ip)))
        places = [i for i, line in enumerate(self.lines) if line.ip and same_ip(line.ip, ip)]
        if not more:
            return self
        if not places:
            return Table((*self.lines, Line.make(ip, more)))
        lines = list(self.lines)
        old = lines[places[-1]]
        lines[places[-1]] = Line.make(old.ip, old.names + more, old.comment)
        return Table(tuple(lines))

    def remove(self, ip: str, name: str) -> Table:
        """Take a name from an address; a line without a name left goes."""

        def keep(line: Line) -> Line | None:
            if not line.ip or not same_ip(line.ip, ip):
                return line
            left = tuple(each for each in line.names if each.lower() != name.lower())
            if left == line.names:
                return line
            return Line.make(line.ip, left, line.comment) if left else None

        return self._each(keep)

    def rename(self, is_meant: Callable[[str], bool], new: Callable[[str], str]) -> Table:
        """Put `new(name)` in place of each name on the lines whose address is meant."""

        def renamed(line: Line) -> Line:
            if not line.ip or not is_meant(line.ip):
                return line
            names = tuple(dict.fromkeys(map(new, line.names)))
            return line if names == line.names else Line.make(line.ip, names, line.comment)

        return self._each(renamed)

    def comment(self, ip: str, comment: str) -> Table:
        """Put a comment behind each line of an address; an empty one takes it away."""

        def commented(line: Line) -> Line:
            if not line.ip or not same_ip(line.ip, ip) or line.comment == comment:
                return line
            return Line.make(line.ip, line.names, comment)

        return self._each(commented)

    def _each(self, change: Callable[[Line], Line | None]) -> Table:
        return replace(self, lines=tuple(line for each in self.lines if (line := change(each)) is not None))


def same_ip(one: str, other: str) -> bool:
    """Say whether two addresses are spelled alike; `::1` and `0:0:…:1` are not looked through."""
    return one.lower() == other.lower()
