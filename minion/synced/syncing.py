"""Keeps a box's synced files as its master's manifests say: at the daemon's start, and when a job asks.

One wish after the other: ask for the manifest, judge it, fetch what is missing, put it on the shelf, and only then
let the new manifest count, in one step for each kind. Whatever goes wrong leaves what was there. Each thing that is
found to be wrong on the shelf is told once.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from minion.files.cache import FileCache
from minion.files.fetcher import Fetcher
from minion.loop import Loop
from minion.questions import Asking, Questions
from minion.synced.held import Held, read_held
from minion.synced.shelf import Shelf
from pki.anchor import TrustAnchor
from pki.manifest import judge_manifest
from shoal.clock import FloorClock
from shoal.errors import AlteredError, TrustError, WireError
from shoal.files.messages import Answer, FileInfo, Question
from shoal.synced import KINDS, Manifest, SyncedFile, read_checked

log = logging.getLogger(__name__)

_SWEEP_S: Final = 60.0
_MAX_WAITING: Final = 20
_MAX_TOLD: Final = 1000

Changed = dict[str, list[str]]  # by kind: `modules.hello`, `modules.hello (removed)`
OnDone = Callable[[str, Changed], None]  # what went wrong, or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncParts:
    """What syncing is made of."""

    loop: Loop
    clock: FloorClock
    shelf: Shelf
    anchor: TrustAnchor
    questions: Questions
    fetcher: Fetcher
    cache: FileCache
    on_change: Callable[[Sequence[str]], None]  # kinds of which other files count now
    on_trouble: Callable[[str], None]  # one line for people


@dataclass(slots=True)
class _Wish:
    kinds: Sequence[str]
    env: str
    done: OnDone
    sealed: bytes = b""
    missing: list[SyncedFile] = field(default_factory=list)  # on the shelf, when the manifest came


class Syncing:
    """See the module docstring."""

    def __init__(self, parts: SyncParts) -> None:
        self._parts = parts
        self._wishes: deque[_Wish] = deque()
        self._told: set[str] = set()
        self.held = Held()

    def load(self) -> bool:
        """Read what is kept and judge it, again if need be: a certificate may have been revoked. Tell what is wrong.

        False when a manifest cannot be believed: another one is needed.
        """
        before = self.held
        self.held, wrong = read_held(self._parts.shelf, self._parts.anchor)
        self.look()
        for line in wrong:
            self.tell(line)
        changed = [kind for kind in KINDS if before.digests(kind) != self.held.digests(kind)]
        if changed:
            self._parts.on_change(changed)
        self._parts.loop.call_later(_SWEEP_S, self._sweep)  # what a power cut has left
        return not wrong

    def look(self) -> None:
        """Tell of files on the shelf that are altered, missing, or in no manifest; forget what was mended."""
        wrong = [line for kind in KINDS for line in self._parts.shelf.wrong(kind, self.held.files(kind))]
        self._told &= set(wrong)
        for line in wrong:
            self.tell(line)

    def tell(self, line: str) -> None:
        """Tell of something that is wrong, unless it was told before."""
        if line in self._told:
            return
        if len(self._told) >= _MAX_TOLD:
            self._told.clear()
        self._told.add(line)
        self._parts.on_trouble(line)

    def sync(self, kinds: Sequence[str], env: str, done: OnDone) -> None:
        """Bring the files of these kinds up to date; `done` is called once."""
        if len(self._wishes) >= _MAX_WAITING:
            self._parts.loop.call_soon(lambda: done(f"{_MAX_WAITING} syncs wait already", {}))
            return
        self._wishes.append(_Wish(kinds, env, done))
        if len(self._wishes) == 1:
            self._begin()

    def _begin(self) -> None:
        body = Question(op="manifest", env=self._wishes[0].env).to_wire()
        self._parts.questions.ask(Asking(verb="files", body=body, kind=Answer), self._answered)

    def _answered(self, answer: Answer) -> None:
        wish, parts = self._wishes[0], self._parts
        if answer.error:
            self._end(f"the master has no manifest: {answer.error}")
            return
        wish.sealed = answer.data
        manifest = self._judge(wish)
        if manifest is None:
            return
        wanted = [each for each in manifest.files if each.kind in wish.kinds]
        wish.missing = [each for each in wanted if not parts.shelf.has(each)]
        infos = [FileInfo(name=each.name, digest=each.digest, size=each.size) for each in wish.missing]
        parts.fetcher.wish(infos, self._fetched)

    def _judge(self, wish: _Wish) -> Manifest | None:
        """Return the manifest of a wish; None, and the end of the wish, if it must not be believed."""
        parts = self._parts
        try:
            return judge_manifest(wish.sealed, wish.env, parts.anchor, parts.clock.now(), self.held.newest)
        except (TrustError, WireError) as error:
            self._refused(error)
            return None

    def _refused(self, error: TrustError | WireError) -> None:
        reason = error.reason if isinstance(error, TrustError) else "malformed"
        log.warning(
            "manifest refused: %s", error, extra={"action": "refused", "what": "manifest", "reason": reason}
        )
        self._parts.on_trouble(f"the master's manifest is refused: {error}")
        self._end(f"the master's manifest is refused: {error}")

    def _fetched(self, error: str) -> None:
        if error:
            self._end(f"the synced files cannot be fetched: {error}")
        else:
            self._place(list(self._wishes[0].missing))

    def _place(self, rest: list[SyncedFile]) -> None:
        """Put one file on the shelf, then the others: each is synced to the disk, and the loop has other work."""
        parts = self._parts
        if not rest:
            self._commit()
            return
        file = rest.pop()
        path = parts.cache.path(file.digest)
        try:
            parts.shelf.put(file, read_checked(path, file.digest))
        except AlteredError:
            path.unlink(missing_ok=True)
            self._end(f"{file.kind}/{file.name}.py came damaged from the cache; sync again")
            return
        except OSError as error:
            self._end(f"{parts.shelf.folder(file.kind)} cannot be written: {error.strerror}")
            return
        parts.loop.call_soon(partial(self._place, rest))

    def _commit(self) -> None:
        wish, parts = self._wishes[0], self._parts
        manifest = self._judge(wish)  # again: its certificate may have been revoked meanwhile
        if manifest is None:
            return
        changed: Changed = {}
        try:
            for kind in wish.kinds:
                changes = self._changes(kind, manifest, wish.missing)
                if manifest.of(kind) or kind in self.held.manifests:
                    parts.shelf.keep_manifest(kind, wish.sealed)
                    self.held.manifests[kind] = manifest
                changed[kind] = changes
        except OSError as error:
            self._end(f"the manifest cannot be kept: {error.strerror}", changed)
            return
        self._end("", changed)

    def _changes(self, kind: str, manifest: Manifest, placed: Sequence[SyncedFile]) -> list[str]:
        before = self.held.digests(kind)
        after = {each.name: each.digest for each in manifest.of(kind).values()}
        mended = {each.name for each in placed if each.kind == kind}
        changed = sorted(name for name in after if name in mended or before.get(name) != after[name])
        removed = sorted(before.keys() - after.keys())
        return [f"{kind}.{name}" for name in changed] + [f"{kind}.{name} (removed)" for name in removed]

    def _end(self, error: str, changed: Changed | None = None) -> None:
        """Let what has changed count, answer, and go on with the next wish."""
        wish, parts = self._wishes.popleft(), self._parts
        kinds = [kind for kind, names in (changed or {}).items() if names]
        if kinds:
            log.info("synced: %s", changed, extra={"action": "synced"})
            parts.on_change(kinds)
            parts.loop.call_later(_SWEEP_S, self._sweep)
        self.look()
        if self._wishes:
            self._begin()
        wish.done(error, changed or {})

    def _sweep(self) -> None:
        if self._wishes:  # what they put on the shelf does not count yet
            self._parts.loop.call_later(_SWEEP_S, self._sweep)
            return
        for kind in self.held.manifests:  # of the others nothing is known
            try:
                self._parts.shelf.sweep(kind, self.held.files(kind))
            except OSError as error:
                log.warning("old synced files stay: %s", error, extra={"action": "not_swept"})
