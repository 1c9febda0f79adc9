"""The minion's configuration: `/etc/shoal/minion` and `minion.d/*.conf`, with Salt's names if it has them.

A key is here when something obeys it. Tags are not: they are set on the master, or they could not be trusted.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pki.address import check_address
from shoal.config.host_id import host_id
from shoal.config.read import read_config
from shoal.config.roots import (
    NODEGROUPS,
    Nodegroups,
    Roots,
    read_file_roots,
    read_nodegroups,
    read_pillar_roots,
)
from shoal.config.setting import setting
from shoal.errors import ConfigError, WireError
from shoal.ids import check_minion_id
from shoal.logs import FORMATS, LEVELS
from shoal.mine import check_mine_name
from shoal.paths import Paths
from shoal.returns import MAX_VALUE_BYTES
from shoal.wire import plain

_DAY: Final = 86_400
_MIB: Final = 1024 * 1024
_GIB: Final = 1024 * _MIB


def _addresses(masters: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(check_address(master) for master in masters)


def _grains(grains: dict[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in grains.items()}


def _mine_functions(listed: dict[str, Any]) -> dict[str, Any]:
    for name, entry in listed.items():
        try:
            check_mine_name(name)
        except WireError as error:
            raise ValueError(str(error)) from None
        if entry is not None and not isinstance(entry, (list, dict)):
            raise ValueError(f"{name}: a list of arguments expected, [] for none")
    return {name: plain(entry) for name, entry in listed.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class MinionConfig:
    """What a box may be told."""

    # who, and whom it listens to
    id: str = setting(doc="The minion's id", factory=host_id, check=check_minion_id, shown="(host name)")
    master: tuple[str, ...] = setting(
        (), "Masters' addresses, without port; none: those of the join string", check=_addresses
    )
    master_port: int = setting(4506, "The master's ret_port", low=1, high=65535)
    publish_port: int = setting(4505, "The master's publish_port", low=1, high=65535)
    grains: dict[str, Any] = setting(doc="Grains to add or to replace", factory=dict, check=_grains)

    grains_refresh_every: int = setting(
        0,
        "Minutes between looks for changed grains; 0: only when asked, or an address changes",
        low=0,
        high=44_640,
    )

    # without a master, and what modules may see
    file_client: str = setting("remote", "Where states come from", choices=("remote", "local"))
    file_roots: Roots = setting(
        doc="State files with file_client local", factory=dict, parse=read_file_roots, shown="base: /srv/salt"
    )
    pillar_roots: Roots = setting(
        doc="Pillar with file_client local", factory=dict, parse=read_pillar_roots, shown="base: /srv/pillar"
    )
    pillarenv_from_saltenv: bool = setting(False, "A saltenv that a job names is its pillarenv too")
    nodegroups: Nodegroups = setting(
        doc="Names for targets, for match.* here", factory=dict, parse=read_nodegroups, kind=NODEGROUPS
    )

    # what the box refuses, whoever asks
    disable_modules: tuple[str, ...] = setting((), "Modules that do not exist here")
    disable_functions: tuple[str, ...] = setting((), "Functions that are refused: patterns such as cmd.*")
    allowed_functions: tuple[str, ...] = setting((), "If given, only functions of these patterns are run")

    minion_blackout: bool = setting(False, "Run only what minion_blackout_whitelist lists")
    minion_blackout_whitelist: tuple[str, ...] = setting((), "Functions that run in a blackout: whole names")

    # jobs
    process_count_max: int = setting(16, "Jobs at a time", low=1, high=1000)
    job_queue_max: int = setting(100, "Jobs that may wait for their turn", low=0, high=100_000)
    job_timeout_s: float = setting(
        3600.0, "Jobs without a limit of their own are stopped after this; 0: never", low=0, high=366 * _DAY
    )
    job_grace_s: float = setting(5.0, "Seconds between SIGTERM and SIGKILL", low=0, high=3600)
    job_memory_max_mib: int = setting(
        0, "Memory of each process of a job; 0: no limit", low=0, high=1_000_000
    )
    job_cpu_max_s: int = setting(0, "CPU time of each process of a job; 0: no limit", low=0, high=366 * _DAY)
    job_open_files_max: int = setting(0, "Open files of a job; 0: no limit", low=0, high=1_000_000)
    job_nice: int = setting(0, "Priority of jobs: 19 is the lowest", low=-20, high=19)
    max_output_bytes: int = setting(_MIB, "Longer results are cut", low=1024, high=MAX_VALUE_BYTES)
    spool_max_bytes: int = setting(
        64 * _MIB, "Returns kept for the master; over that the largest are cut", low=_MIB, high=1024 * _GIB
    )

    # the master's files
    file_cache_max_mib: int = setting(
        1024, "The master's files that are kept on the box", low=16, high=1024 * 1024
    )

    # the mine
    mine_functions: dict[str, Any] = setting(
        doc="What this box tells others through the master: names to a function's arguments",
        factory=dict,
        check=_mine_functions,
    )
    mine_interval: float = setting(
        60.0, "Minutes between its updates; 0: only when asked", low=0, high=44_640
    )

    # the connection
    heartbeat_s: float = setting(
        15.0, "Sign of life until the master asks for another pace", low=1, high=3600
    )
    recon_default: int = setting(1000, "Milliseconds before the first reconnect", low=10, high=3_600_000)
    recon_max: int = setting(30_000, "Milliseconds between reconnects at most", low=10, high=86_400_000)

    master_failback: bool = setting(
        True, "Go back to the first master of the masters document when it can be reached again"
    )
    master_failback_interval: int = setting(
        600, "Seconds between looks for that, on average", low=1, high=_DAY
    )

    # logs
    log_level: str = setting("warning", "How much is logged", choices=tuple(LEVELS))
    log_file: Path | None = setting(None, "File for logs", shown="(stderr)")
    log_format: str = setting("text", "Lines for people or for machines", choices=FORMATS)

    def __post_init__(self) -> None:
        if self.recon_max < self.recon_default:
            raise ConfigError(
                f"recon_max ({self.recon_max}) must not be less than recon_default ({self.recon_default})"
            )

    def state_folders(self, paths: Paths) -> Roots:
        """Return `file_roots`, or where state files are by default."""
        return self.file_roots or {"base": (paths.srv_dir / "salt",)}

    def pillar_folders(self, paths: Paths) -> Roots:
        """Return `pillar_roots`, or where pillar is by default."""
        return self.pillar_roots or {"base": (paths.srv_dir / "pillar",)}

    def module_settings(self, paths: Paths) -> Mapping[str, Any]:
        """Return what modules may see of the configuration, as wire types."""
        shown = {
            "id": self.id,
            "master": list(self.master),
            "grains_file": str(paths.grains_file),
            "file_client": self.file_client,
            "nodegroups": self.nodegroups,
            "file_roots": _texts(self.state_folders(paths)),
            "pillar_roots": _texts(self.pillar_folders(paths)),
            "pillarenv_from_saltenv": self.pillarenv_from_saltenv,
            "cachedir": str(paths.cache_dir),
            "statedir": str(paths.state_dir),
            "minion_blackout": self.minion_blackout,
            "minion_blackout_whitelist": list(self.minion_blackout_whitelist),
            "disable_modules": list(self.disable_modules),
            "disable_functions": list(self.disable_functions),
            "allowed_functions": list(self.allowed_functions),
            "mine_functions": self.mine_functions,
        }
        return {name: plain(value) for name, value in shown.items()}


def _texts(roots: Roots) -> dict[str, list[str]]:
    return {environment: [str(folder) for folder in folders] for environment, folders in roots.items()}


def read_minion_config(paths: Paths) -> MinionConfig:
    """Return what the files under `paths` say. Raises ConfigError."""
    return read_config(paths.config_files(), MinionConfig)
