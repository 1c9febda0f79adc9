"""Puts the file server together from the configuration."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from master.config import MasterConfig
from master.fileserver.catalog import Catalog
from master.fileserver.git import GitRoots
from master.fileserver.index import DigestIndex
from master.fileserver.service import FileService
from master.fileserver.updates import Updates
from shoal.clock import Clock
from shoal.files.roots import FileRoots, Rules
from shoal.paths import Paths


def open_files(config: MasterConfig, paths: Paths, counters: Counter[str], clock: Clock) -> FileService:
    """Return the service for what `file_roots` and `gitfs_remotes` have; nothing is read yet."""
    rules = Rules(
        ignore_globs=config.file_ignore_glob,
        ignore_regexes=tuple(re.compile(each) for each in config.file_ignore_regex),
        follow_links=config.fileserver_followsymlinks,
    )
    git = GitRoots(config.gitfs_remotes, paths.cache_dir / "gitfs", config.gitfs_base)
    own = config.state_folders(paths)
    catalog = Catalog(FileRoots(lambda: _merged(own, git.folders()), rules), DigestIndex(), clock.monotonic)
    updates = Updates(git, catalog, config.gitfs_update_interval) if config.gitfs_remotes else None
    return FileService(catalog, counters, clock.monotonic, updates)


def _merged(
    first: Mapping[str, Sequence[Path]], then: Mapping[str, Sequence[Path]]
) -> Mapping[str, Sequence[Path]]:
    return {env: [*first.get(env, ()), *then.get(env, ())] for env in {**first, **then}} if then else first
