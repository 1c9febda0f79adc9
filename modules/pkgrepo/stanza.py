"""One stanza of a `.sources` file, kept as its lines so that an edit leaves comments and strange fields alone. Pure.

A stanza stands for each of its types with each of its addresses and suites.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from modules.pkg.deb822 import folded, stanzas
from modules.pkgrepo.apt_source import Source, is_no
from shoal.errors import ModuleError

_FIELDS: Final = {"arch": "Architectures", "lang": "Languages", "target": "Targets", "pdiffs": "PDiffs"}
_OPTIONS: Final = {field.lower(): option for option, field in _FIELDS.items()}
_NO_OPTIONS: Final = frozenset({"types", "uris", "suites", "components", "enabled"})
_LISTS: Final = frozenset({"arch", "lang", "target"})


class Stanza:
    """The lines of one stanza."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def fields(self) -> dict[str, str]:
        """Return the values by field in lower case, {} if there are only comments."""
        found = next(stanzas("\n".join(self.lines), comments=True), {})
        return {name.lower(): value for name, value in found.items()}

    def sources(self) -> list[Source]:
        """Return all the sources that it stands for."""
        fields = self.fields()
        options = {_option(name): _value(name, v) for name, v in fields.items() if _is_option(name)}
        one = Source(
            type="",
            uri="",
            suite="",
            comps=tuple(folded(fields.get("components", ""))),
            options=options,
            disabled=is_no(fields.get("enabled", "")),
        )
        return [
            replace(one, type=type_, uri=uri, suite=suite)
            for type_ in folded(fields.get("types", ""))
            for uri in folded(fields.get("uris", ""))
            for suite in folded(fields.get("suites", ""))
        ]

    def set(self, field: str, value: str) -> None:
        """Give a field a value of one line, in its place or at the end; "" takes the field away."""
        place, kept, inside = -1, list[str](), False
        for line in self.lines:
            if line.startswith((" ", "\t")) and inside:
                continue
            inside = line.partition(":")[0].strip().lower() == field.lower()
            if inside and place < 0:
                place = len(kept)
            if not inside:
                kept.append(line)
        if value:
            kept.insert(place if place >= 0 else len(kept), f"{field}: {value}")
        self.lines = kept

    def become(self, source: Source) -> None:
        """Make a stanza that stands for one source what `source` says; what is the same is not touched."""
        before = next(iter(self.sources()), None)
        for field, new, old in (
            ("Types", source.type, before and before.type),
            ("URIs", source.uri, before and before.uri),
            ("Suites", source.suite, before and before.suite),
            ("Components", " ".join(source.comps), before and " ".join(before.comps)),
        ):
            if new != old:
                self.set(field, new)
        if source.disabled != bool(before and before.disabled):
            self.set("Enabled", "no" if source.disabled else "")
        had = before.options if before else {}
        for name in {**had, **source.options}:
            if had.get(name) != source.options.get(name):
                value = source.options.get(name, "")
                self.set(_field(name), value.replace(",", " ") if name.rstrip("+-") in _LISTS else value)

    def drop(self, source: Source) -> bool:
        """Take one source out; True if nothing is left. Raises ModuleError where that cannot be written."""
        every = self.sources()
        rest = [each for each in every if each.key != source.key]
        if not rest:
            return True
        fields = {
            "Types": list(dict.fromkeys(each.type for each in rest)),
            "URIs": list(dict.fromkeys(each.uri for each in rest)),
            "Suites": list(dict.fromkeys(each.suite for each in rest)),
        }
        if len(rest) != len(fields["Types"]) * len(fields["URIs"]) * len(fields["Suites"]):
            raise ModuleError(
                f"the stanza with {source.type} {source.suite} has several types, addresses or suites together; "
                "split it by hand"
            )
        before = self.fields()
        for field, values in fields.items():
            if folded(before[field.lower()]) != values:
                self.set(field, " ".join(values))
        return False


def split(text: str) -> list[Stanza]:
    """Return the stanzas of a file, those of only comments too."""
    found: list[Stanza] = []
    fresh = True
    for line in text.splitlines():
        if not line.strip():
            fresh = True
        elif fresh:
            found.append(Stanza([line]))
            fresh = False
        else:
            found[-1].lines.append(line)
    return found


def joined(every: list[Stanza]) -> str:
    """Return the text of a file."""
    return "\n".join("\n".join(each.lines) + "\n" for each in every)


def _is_option(field: str) -> bool:
    return field not in _NO_OPTIONS and not field.startswith("x-")


def _option(field: str) -> str:
    stem = field.removesuffix("-add").removesuffix("-remove")
    how = "+" if field.endswith("-add") else "-" if field.endswith("-remove") else ""
    return _OPTIONS.get(stem, stem) + how


def _field(option: str) -> str:
    stem = option.rstrip("+-")
    field = _FIELDS.get(stem) or "-".join(word.capitalize() for word in stem.split("-"))
    return field + {"+": "-Add", "-": "-Remove"}.get(option[len(stem) :], "")


def _value(field: str, value: str) -> str:
    return ",".join(folded(value)) if _option(field).rstrip("+-") in _LISTS else value.strip()
