"""Makes the manifests of what boxes may load: the .py files right below `_modules`, `_grains` and so on.

Looked up and sealed anew at each question: an edit counts at once, and the time in it proves that it is fresh.
Digests are not computed anew for files that have not changed. What has a name that is none, or lies in a folder
further down, is left out, with one line in the log; too many files, or too large ones, and there is no manifest.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Final

from master.fileserver.catalog import Catalog
from master.identity import Identity
from pki.manifest import seal_manifest
from shoal.errors import WireError
from shoal.files.messages import FileInfo
from shoal.synced import KINDS, MAX_FILE_BYTES, Manifest, SyncedFile, check_files, is_name

log = logging.getLogger(__name__)

_MAX_LOOKED_AT: Final = 5000  # names below one folder
_MAX_TOLD: Final = 1000


class Manifests:
    """See the module docstring."""

    def __init__(self, catalog: Catalog, identity: Identity, now: Callable[[], float]) -> None:
        self._catalog = catalog
        self._identity = identity
        self._now = now
        self._told: set[str] = set()  # of which the log knows that they are left out

    def files(self, env: str) -> tuple[SyncedFile, ...]:
        """Return what boxes may load of an environment; reads disks. Raises WireError, OSError."""
        found = tuple(each for kind in KINDS for each in self._of_kind(env, kind))
        check_files(found)
        return found

    def seal(self, env: str, files: tuple[SyncedFile, ...]) -> bytes:
        """Return the manifest of `files`, sealed now."""
        identity = self._identity
        manifest = Manifest(fleet=identity.fleet, env=env, issued=self._now(), files=files)
        return seal_manifest(manifest, identity.keys.sign, identity.certificate_bytes)

    def _of_kind(self, env: str, kind: str) -> Iterator[SyncedFile]:
        for info in self._infos(env, f"_{kind}"):
            name = info.name.removeprefix(f"_{kind}/")
            if info.is_dir or name.startswith("_") or not name.endswith(".py"):
                continue
            stem = name.removesuffix(".py")
            if not is_name(stem):
                self._left_out(env, info.name)
            elif info.size > MAX_FILE_BYTES:
                raise WireError(f"{info.name} has {info.size} bytes, more than {MAX_FILE_BYTES}")
            else:
                yield SyncedFile(kind=kind, name=stem, digest=info.digest, size=info.size)

    def _infos(self, env: str, folder: str) -> Iterator[FileInfo]:
        after, count, last = "", 0, False
        while not last:
            page, last = self._catalog.page(env, folder, after)
            yield from page
            count += len(page)
            if count > _MAX_LOOKED_AT or (not page and not last):
                raise WireError(f"more than {_MAX_LOOKED_AT} names below {folder}, or they change too often")
            after = page[-1].name if page else after

    def _left_out(self, env: str, name: str) -> None:
        if f"{env}:{name}" in self._told or len(self._told) >= _MAX_TOLD:
            return
        self._told.add(f"{env}:{name}")
        log.warning(
            "%s of %s is not synced: a file directly in its folder, called [a-z][a-z0-9_]*.py, would be", name, env,
            extra={"action": "not_synced"},
        )  # fmt: skip
