"""What a function that `shoal-call` runs finds around it: grains, tags, files, and the box's own rules.

- alone (`--local`, `file_client: local`): grains are collected now, files and pillar are the box's own, nobody is asked
- beside the daemon: grains, tags and pillar as it knows them, files and answers from its master, all over its desk;
  without a daemon that is refused, because the answer would be another one than the operator thinks
"""

from __future__ import annotations

import argparse
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minion.config import MinionConfig
from minion.desk.client import DeskClient
from minion.grains import collect, static
from minion.policy import policy_of
from minion.synced.shelf import Shelf
from modules.blackout import BLACKOUT, WHITELIST
from modules.context import Context
from modules.module_dirs import ModuleDirs
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from modules.synced_folder import SyncedFolder
from shoal import exits
from shoal.exits import CliError
from shoal.paths import Paths
from states.registry import full_registry

if TYPE_CHECKING:
    from minion.synced.held import Held

Compile = Callable[..., "dict[str, Any]"]


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
        self._shelf = Shelf(paths.synced)
        self._held = self._read_held(paths)
        self._desk = DeskClient(paths.desk_socket, paths.cache_dir / "files")
        self._config = _with_options(config, options)
        if not self._alone:
            _check_daemon(paths)

    def context(self) -> Context:
        """Return what the function gets. Raises ModuleError when the daemon goes away meanwhile."""
        known, tags, pillar = ({}, {}, {}) if self._alone else self._desk.facts()
        grains = {**self._grains(known), "id": self._config.id}
        daemon: NoDaemon = _Daemon(self._desk)
        if self._alone:
            own = self._own_pillar({**grains, **self._collected()} if self._options.skip_grains else grains)
            daemon, pillar = _Alone(own), own() if own else {}
        return Context(
            minion_id=self._config.id,
            grains=grains,
            pillar=pillar,
            tags=tags,
            settings=self._config.module_settings(self._paths),
            registry=self._registry(),
            jobs=NoJobs(),
            daemon=daemon,
            files=OwnFiles(self._config.state_folders(self._paths)) if self._alone else self._desk,
            master=NoMaster() if self._alone else self._desk,
            jid="",
            job_user="",
        )

    def _own_pillar(self, grains: Mapping[str, Any]) -> Compile | None:
        """Return what makes the pillar of the box's own files, None if there are none."""
        folders = self._config.pillar_folders(self._paths)
        if not any((folder / "top.sls").exists() for each in folders.values() for folder in each):
            return None
        from minion.cli.own_pillar import (
            OwnPillar,
        )  # most boxes have a master: the compiler is for the others

        return OwnPillar(folders, self._config.nodegroups, self._config.id, grains).compile

    def _registry(self) -> Registry:
        modules = self._held.modules(policy_of(self._config)) if self._held else {}
        synced = SyncedFolder(self._shelf.folder("modules"), modules)
        return full_registry(synced, ModuleDirs([Path(folder) for folder in self._options.module_dirs]))

    def _read_held(self, paths: Paths) -> Held | None:
        if not self._shelf.kinds():
            return None
        from minion.synced.reader import held_here  # most boxes have none: libsodium is for those that have

        return held_here(paths, self._shelf)

    def _grains(self, known: dict[str, Any]) -> dict[str, Any]:
        if self._options.skip_grains:  # but for those that freeze a box: no option allows what they forbid
            stated = known or {**static.read(self._paths.grains_file, Path("/")), **self._config.grains}
            return {name: stated[name] for name in (BLACKOUT, WHITELIST) if name in stated}
        return self._collected() if self._alone or self._options.refresh_grains_cache else known

    def _collected(self) -> dict[str, Any]:
        config, paths = self._config, self._paths
        customs = self._held.custom_grains(self._shelf) if self._held else []
        settings = {"id": config.id, "grains": config.grains, "grains_file": str(paths.grains_file)}
        fixed = {"id": config.id, "master": config.master[0] if config.master else ""}
        grains = collect(settings) | fixed
        if not customs:
            return grains
        from minion.executor.custom_grains import (
            gather_now,
        )  # only a box with files of custom grains pays for it

        return collect(settings, custom=gather_now(customs, grains)) | fixed


class _Alone(NoDaemon):
    """There is no daemon; the pillar is the box's own, if it has files of any."""

    def __init__(self, compile_own: Compile | None) -> None:
        self._compile = compile_own

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the pillar as it is now. Raises CliError."""
        return self._compile(pillarenv) if self._compile else {}


class _Daemon(NoDaemon):
    """What a function may ask of the daemon that runs beside the program."""

    def __init__(self, desk: DeskClient) -> None:
        self._desk = desk

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        """Wait until the daemon has brought synced files up to date. Raises ModuleError."""
        return self._desk.sync(kinds, env)

    def refresh_pillar(self) -> None:
        """Wait until the daemon has a new pillar. Raises ModuleError."""
        self._desk.refresh_pillar()

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the box's pillar as the master makes it now. Raises ModuleError."""
        return self._desk.pillar(pillarenv)


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
