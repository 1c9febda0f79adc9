"""Puts the file server together from the configuration."""

from __future__ import annotations

import re
from collections import Counter

from master.config import MasterConfig
from master.fileserver.catalog import Catalog
from master.fileserver.index import DigestIndex
from master.fileserver.service import FileService
from shoal.clock import Clock
from shoal.files.roots import FileRoots, Rules
from shoal.paths import Paths


def open_files(config: MasterConfig, paths: Paths, counters: Counter[str], clock: Clock) -> FileService:
    """Return the service for what `file_roots` has; nothing is read yet."""
    folders = config.state_folders(paths)
    rules = Rules(
        ignore_globs=config.file_ignore_glob,
        ignore_regexes=tuple(re.compile(each) for each in config.file_ignore_regex),
        follow_links=config.fileserver_followsymlinks,
    )
    catalog = Catalog(FileRoots(lambda: folders, rules), DigestIndex(), clock.monotonic)
    return FileService(catalog, counters, clock.monotonic)
