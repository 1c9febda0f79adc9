"""The hand for apt's sources: `sources.list`, `*.list` and `*.sources`, and keys beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from modules.file.content import to_bytes
from modules.pkgrepo import apt_source, stanza
from modules.pkgrepo.apt_source import Source
from modules.pkgrepo.contract import Edit, RepoOptions
from modules.text_file import read_bytes, read_text, text_of
from shoal.errors import ArgumentError, ModuleError

MAIN_FILE = Path("/etc/apt/sources.list")
FOLDER = Path("/etc/apt/sources.list.d")
KEYRINGS = Path("/etc/apt/keyrings")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.(list|sources)")
_ARMOR: Final = b"-----BEGIN PGP PUBLIC KEY BLOCK-----"
_PUBLIC_KEY_TAG: Final = 6  # RFC 4880, 4.3


class AptSources:
    """Repositories as `contract` has them. A repository is named by its line; type, address and suite count."""

    def all(self) -> dict[str, Any]:
        """Return lists of sources by address."""
        found: dict[str, list[dict[str, Any]]] = {}
        for path, source in self._every():
            found.setdefault(source.uri, []).append(source.shown(str(path)))
        return found

    def get(self, repo: str) -> dict[str, Any]:
        """See `contract`."""
        wanted = apt_source.asked(repo)
        return next((source.shown(str(path)) for path, source in self._like(wanted)), {})

    def edit(self, repo: str, options: RepoOptions) -> Edit:
        """See `contract`."""
        for name in ("baseurl", "mirrorlist", "metalink", "gpgkey", "tag", "name"):
            if getattr(options, name):
                raise ArgumentError(f"{name}: apt has no such option")
        typed = apt_source.asked(repo)
        path, before = next(self._like(typed), (None, None))
        target = self._target(typed, options) if path is None or options.file else path
        key = _key(options)
        source = self._merged(typed, before, options, key)
        apt_source.checked(replace(source, options={}))
        files: dict[Path, bytes | None] = {Path(source.options["signed-by"]): key} if key else {}
        files[target] = self._with(target, source, is_there=path == target)
        if path is not None and path != target:
            files[path] = self._without(path, source)
        return Edit(files=files, shown=source.shown(str(target)))

    def removal(self, repo: str) -> Edit:
        """See `contract`."""
        places = list(self._like(apt_source.asked(repo)))
        return Edit(files={path: self._without(path, places[0][1]) for path, _ in places})

    def _merged(self, typed: Source, before: Source | None, options: RepoOptions, key: bytes) -> Source:
        """Return the source as it was with what was typed and given on top."""
        changed = {**(before.options if before else {}), **typed.options, **options.settings}
        if options.architectures:
            changed["arch"] = ",".join(options.architectures)
        if key:
            suffix = ".asc" if key.startswith(_ARMOR) else ".gpg"
            changed["signed-by"] = str(KEYRINGS / (_slug(typed) + suffix))
        elif options.signedby:
            if not Path(options.signedby).is_file():
                raise ArgumentError(f"signedby: there is no file {options.signedby} on the box")
            changed["signed-by"] = options.signedby
        if options.trusted is not None:
            changed["trusted"] = "yes" if options.trusted else "no"
        disabled = typed.disabled or bool(before and before.disabled)
        return replace(
            typed,
            comps=tuple(options.comps) or typed.comps or (before.comps if before else ()),
            options=_checked(typed, changed, before),
            disabled=disabled if options.disabled is None else options.disabled,
        )

    def _target(self, source: Source, options: RepoOptions) -> Path:
        if not options.file:
            return FOLDER / f"{_slug(source)}.{'sources' if options.format == 'deb822' else 'list'}"
        path = Path(options.file)
        if path != MAIN_FILE and (path.parent != FOLDER or not _FILE_NAME.fullmatch(path.name)):
            raise ArgumentError(
                f"file: {options.file} is neither {MAIN_FILE} nor a .list or .sources file in {FOLDER}"
            )
        return path

    def _with(self, path: Path, source: Source, *, is_there: bool) -> bytes:
        text = read_text(path)
        if path.suffix == ".sources":
            return to_bytes(_stanza_put(text, source))
        lines = text.splitlines()
        place = next((i for i, line in enumerate(lines) if is_there and _is_same(line, source)), len(lines))
        if place == len(lines) or apt_source.read_line(lines[place]) != source:
            lines[place : place + 1] = [source.line()]
        return to_bytes(text_of(lines))

    def _without(self, path: Path, source: Source) -> bytes | None:
        """Return a file without a source; None for one of the folder that is left with nothing."""
        text = read_text(path)
        if path.suffix == ".sources":
            every = stanza.split(text)
            kept = [each for each in every if not _has(each, source) or not each.drop(source)]
            left, text = any(each.fields() for each in kept), stanza.joined(kept)
        else:
            lines = [line for line in text.splitlines() if not _is_same(line, source)]
            left, text = any(map(apt_source.read_line, lines)), text_of(lines)
        return to_bytes(text) if left or path == MAIN_FILE else None

    def _like(self, wanted: Source) -> Iterator[tuple[Path, Source]]:
        """Yield the places of a source, enabled ones first."""
        found = [(path, each) for path, each in self._every() if each.key == wanted.key]
        yield from sorted(found, key=lambda pair: pair[1].disabled)

    def _every(self) -> Iterator[tuple[Path, Source]]:
        try:
            names = sorted(path for path in FOLDER.iterdir() if _FILE_NAME.fullmatch(path.name))
        except FileNotFoundError:
            names = []
        except OSError as error:
            raise ModuleError(f"{FOLDER} cannot be read: {error.strerror}") from None
        for path in [MAIN_FILE, *names]:
            text = read_text(path)
            if path.suffix == ".sources":
                found = [source for each in stanza.split(text) for source in each.sources()]
            else:
                found = list(filter(None, map(apt_source.read_line, text.splitlines())))
            for source in found:
                yield path, source


def _stanza_put(text: str, source: Source) -> str:
    """Return the file's text with the source as asked: in its stanza, or in one of its own at the end."""
    every = stanza.split(text)
    for each in every:
        if _has(each, source):
            if next(one for one in each.sources() if one.key == source.key) == source:
                return text
            if len(each.sources()) == 1:
                each.become(source)
                return stanza.joined(every)
            each.drop(source)
    fresh = stanza.Stanza([])
    fresh.become(source)
    return stanza.joined([*every, fresh])


def _has(each: stanza.Stanza, source: Source) -> bool:
    return any(one.key == source.key for one in each.sources())


def _is_same(line: str, source: Source) -> bool:
    read = apt_source.read_line(line)
    return read is not None and read.key == source.key


def _checked(typed: Source, options: dict[str, str], before: Source | None) -> dict[str, str]:
    """Check the options that are new; those that are there may be of a form that we do not write."""
    kept = before.options if before else {}
    new = {name: value for name, value in options.items() if kept.get(name) != value}
    apt_source.checked(replace(typed, comps=(), suite="./", options=new))
    return options


def _slug(source: Source) -> str:
    """Return a name for the repository's own file, of its address and suite."""
    bare = re.sub(r"^[a-z0-9+-]+:/*([^/@]*@)?", "", source.uri)
    return re.sub(r"[^A-Za-z0-9]+", "-", f"{bare}-{source.suite}").strip("-").lower()[:120]


def _key(options: RepoOptions) -> bytes:
    """Return the public key that was given, b"" if none. Raises ArgumentError."""
    if options.key_text:
        data = options.key_text.strip().encode() + b"\n"
    elif options.key_url:
        path = options.key_url.removeprefix("file://")
        if not path.startswith("/") or not Path(path).is_file():
            raise ArgumentError("key_url: only the path of a key file on the box can be given for now")
        data = read_bytes(path)
    else:
        return b""
    first = data[0] if data else 0
    tag = first & 0x3F if first & 0x40 else (first & 0x3F) >> 2
    if not data.startswith(_ARMOR) and not (first & 0x80 and tag == _PUBLIC_KEY_TAG):
        raise ArgumentError("the key is not an OpenPGP public key, armored or binary")
    return data
