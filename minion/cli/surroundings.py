"""What a function that `shoal-call` runs finds around it: grains, tags, files, and the box's own rules.

- alone (`--local`, `file_client: local`): grains are collected now, files are the box's own, nobody is asked
- beside the daemon: grains and tags as it knows them, files and answers from its master, all over its desk; without
  a daemon that is refused, because the answer would be another one than the operator thinks
"""

from __future__ import annotations

import argparse
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from minion.config import MinionConfig
from minion.desk.client import DeskClient
from minion.executor import grains_files
from minion.grains import collect, static
from modules.blackout import BLACKOUT, WHITELIST
from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from shoal import exits
from shoal.exits import CliError
from shoal.paths import Paths


class Surroundings:
    """Makes the context of one call. Raises CliError when the daemon is wanted and is not there."""

    def __init__(
        self, options: argparse.Namespace, paths: Paths, config: MinionConfig, *, alone: bool
    ) -> None:
        self._options = options
        self._alone = alone
        self._paths = (
            paths._replace(cache_dir=Path(options.cachedir).absolute()) if options.cachedir else paths
        )
        self._desk = DeskClient(paths.desk_socket, paths.cache_dir / "files")
        self._config = _with_options(config, options)
        if not self._alone:
            _check_daemon(paths)

    def context(self) -> Context:
        """Return what the function gets. Raises ModuleError when the daemon goes away meanwhile."""
        grains, tags = ({}, {}) if self._alone else self._desk.facts()
        return Context(
            minion_id=self._config.id,
            grains={**self._grains(grains), "id": self._config.id},
            pillar={},
            tags=tags,
            settings=self._config.module_settings(self._paths),
            registry=Registry(self._paths.state_dir / "modules"),
            jobs=NoJobs(),
            daemon=NoDaemon(),
            files=OwnFiles(self._config.state_folders(self._paths)) if self._alone else self._desk,
            master=NoMaster() if self._alone else self._desk,
            jid="",
            job_user="",
        )

    def _grains(self, known: dict[str, Any]) -> dict[str, Any]:
        if self._options.skip_grains:  # but for those that freeze a box: no option allows what they forbid
            stated = known or {**static.read(self._paths.grains_file, Path("/")), **self._config.grains}
            return {name: stated[name] for name in (BLACKOUT, WHITELIST) if name in stated}
        return self._collected() if self._alone or self._options.refresh_grains_cache else known

    def _collected(self) -> dict[str, Any]:
        config, paths = self._config, self._paths
        settings = {"id": config.id, "grains": config.grains, "grains_file": str(paths.grains_file)}
        master = {"master": config.master[0] if config.master else ""}
        grains = collect(settings) | master
        if not grains_files.files(paths.custom_grains):
            return grains
        from minion.executor.custom_grains import (
            gather_now,
        )  # only a box with files of custom grains pays for it

        return collect(settings, custom=gather_now(paths.custom_grains, grains)) | master


def _with_options(config: MinionConfig, options: argparse.Namespace) -> MinionConfig:
    if options.id:
        config = replace(config, id=options.id)
    if options.file_root:
        folders = (Path(options.file_root).absolute(),)
        config = replace(config, file_roots={**config.file_roots, "base": folders})
    if options.pillar_root:
        folders = (Path(options.pillar_root).absolute(),)
        config = replace(config, pillar_roots={**config.pillar_roots, "base": folders})
    return config


def _check_daemon(paths: Paths) -> None:
    """Raise CliError when nobody hands out the master's files."""
    desk = paths.desk_socket
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.connect(str(desk))
    except PermissionError:
        refused = CliError(f"Not allowed to open {desk}: run this as the minion's user, or use --local")
        refused.exit_code = exits.NOT_ALLOWED
        raise refused from None
    except OSError:
        away = CliError(f"No minion's daemon answers at {desk}: start shoal-minion, or use --local")
        away.exit_code = exits.UNAVAILABLE
        raise away from None
