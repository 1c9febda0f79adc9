"""The master's configuration: `/etc/shoal/master` and `master.d/*.conf`, with Salt's names if it has them.

A key is here when something obeys it. Folders are not configured: `shoal.paths` says where they are.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from master.acl_rules import Rules, read_rules
from master.delivery_rules import DeliveryRule, read_delivery_rules
from master.dispatch.configured import RETURNERS, Returners, read_returners, unknown_returner
from master.pillar.sources.config import KIND as EXT_PILLAR
from master.pillar.sources.config import ExternalSource, read_ext_pillar
from master.receiving.limits import Limits
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
from shoal.errors import ConfigError
from shoal.ids import check_minion_id
from shoal.logs import FORMATS, LEVELS
from shoal.merge import STRATEGIES
from shoal.paths import Paths
from shoal.secret import Secret

_DAY: Final = 86_400
_YEAR: Final = 366 * _DAY
_MIB: Final = 1024 * 1024


def _advertised(addresses: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(check_address(address) for address in addresses)


def _bindable(address: str) -> str:
    return address if address in ("*", "::") else check_address(address)


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"{text!r} is no regular expression: {error}") from None
    return texts


def _store_url(url: Secret) -> Secret:
    scheme = url.reveal().partition("://")[0].partition("+")[0]
    if url and scheme not in ("sqlite", "postgresql", "postgres"):
        raise ValueError("use sqlite:////absolute/path or postgresql://user:password@host/database")
    return url


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterConfig:
    """What the master may be told."""

    # who and where
    id: str = setting(doc="The master's name", factory=host_id, check=check_minion_id, shown="(host name)")
    interface: str = setting("0.0.0.0", "Address to listen at", check=_bindable)  # noqa: S104 - as in Salt
    publish_port: int = setting(4505, "Port where minions listen for jobs", low=1, high=65535)
    ret_port: int = setting(4506, "Port where minions send requests and returns", low=1, high=65535)
    advertise: tuple[str, ...] = setting(
        (), "Addresses, without port, that minions are told; none: the host's name", check=_advertised
    )

    # what is served and named
    file_roots: Roots = setting(
        doc="State files: environment to folders",
        factory=dict,
        parse=read_file_roots,
        shown="base: /srv/salt",
    )
    gitfs_remotes: tuple[str, ...] = setting(
        (), "Git repositories that are served too, after file_roots: branches and tags are environments"
    )
    gitfs_base: str = setting("main", "Their branch that is the environment base; for main also master")
    gitfs_update_interval: float = setting(60.0, "Seconds between looks for their changes", low=5, high=_DAY)
    file_ignore_glob: tuple[str, ...] = setting(
        (), "Names, or paths in their root, that are not served, as globs"
    )
    file_ignore_regex: tuple[str, ...] = setting(
        (), "Paths in their root that are not served, as regular expressions", check=_patterns
    )
    fileserver_followsymlinks: bool = setting(
        True, "Serve what symbolic links lead to, as long as that is below a root of their environment"
    )
    file_recv: bool = setting(False, "Take files that boxes push (cp.push)")
    file_recv_max_size: int = setting(100, "At most so many MiB in one of them", low=1, high=1_000_000)
    file_recv_quota_mib: int = setting(1000, "At most so many MiB of one box", low=1, high=10**9)
    file_recv_total_mib: int = setting(10_000, "At most so many MiB of all boxes together", low=1, high=10**9)
    file_recv_max_files: int = setting(
        10_000, "At most so many files and folders of one box", low=1, high=1_000_000
    )
    cp_upload_mib: int = setting(
        4096, "At most so many MiB that shoal-cp has on the master at a time", low=1, high=10**9
    )
    pillar_roots: Roots = setting(
        doc="Pillar: environment to folders", factory=dict, parse=read_pillar_roots, shown="base: /srv/pillar"
    )
    pillarenv: str | None = setting(None, "The one environment that pillar is made from", shown="(all)")
    pillar_source_merging_strategy: str = setting(
        "smart", "How the data of several SLS become one, see pillar.md", choices=STRATEGIES
    )
    pillar_merge_lists: bool = setting(False, "Lists of the same key are joined, not replaced")
    ext_pillar: tuple[ExternalSource, ...] = setting(
        (), "Other sources of pillar, in their order", parse=read_ext_pillar, kind=EXT_PILLAR
    )
    ext_pillar_first: bool = setting(
        False, "They are asked first: SLS files see what they gave, and go over it instead of below"
    )
    nodegroups: Nodegroups = setting(
        doc="Names for targets: name to compound expression or list",
        factory=dict,
        parse=read_nodegroups,
        kind=NODEGROUPS,
    )
    publisher_acl: Rules = setting(
        doc="Functions that other local users than root may run: user to list of functions or target maps",
        factory=dict,
        parse=read_rules,
        kind="a map of users to lists of functions, or of maps of targets to functions; see security.md",
    )

    # the store
    store_url: Secret = setting(
        Secret(""),
        "Database: sqlite:////path or postgresql://…",
        check=_store_url,
        shown="(SQLite in the state folder)",
    )
    keep_jobs_seconds: int = setting(
        7 * _DAY, "Jobs and returns are kept this long", low=60, high=100 * _YEAR
    )
    keep_returns_max: int = setting(
        5_000_000, "At most this many returns are kept, the newest", low=1000, high=10**12
    )

    # jobs
    timeout: float = setting(5.0, "Seconds a program waits for returns without -t", low=0.1, high=_DAY)
    job_expires_s: float = setting(
        60.0, "A job sent now may begin on a minion for this long", low=1, high=_DAY
    )
    job_timeout_s: float = setting(
        0.0,
        "Jobs without a limit of their own are stopped after this; 0: the minion decides",
        low=0,
        high=_YEAR,
    )

    delivery: tuple[DeliveryRule, ...] = setting(
        (),
        "How jobs are delivered, by function; the first rule that matches counts",
        parse=read_delivery_rules,
        kind="a list of rules with fun (a glob), mode (now, queue, desired), channel, ttl_s; see operations.md",
    )

    # copies of returns
    returners: Returners = setting(
        doc="Receivers of copies of returns, for --return and default_returners",
        factory=dict,
        parse=read_returners,
        kind=RETURNERS,
    )
    default_returners: tuple[str, ...] = setting((), "Of these, the ones that get every return")

    # presence
    heartbeat_s: float = setting(15.0, "Minions are told to show themselves this often", low=1, high=3600)

    # what one minion, or one stranger, may use up
    minion_messages_per_s: float = setting(200.0, "Messages of one minion", low=0.1, high=1e6)
    minion_bytes_per_s: int = setting(8 * _MIB, "Bytes of one minion", low=1024, high=10**12)
    pending_max: int = setting(1000, "Keys that may wait to be accepted", low=0, high=1_000_000)
    joins_per_s: float = setting(
        5.0, "First contacts from one source address; known minions are not counted", low=0.01, high=1e6
    )

    # what the whole fleet may ask for at once
    reconnect_per_s: float = setting(
        600.0,
        "Minions that a master asks to say hello in a second; from it follow the time over which a lost fleet"
        " spreads its return and how many hellos may wait",
        low=1,
        high=1e6,
    )

    # logs
    log_level: str = setting("warning", "How much is logged", choices=tuple(LEVELS))
    log_file: Path | None = setting(None, "File for logs", shown="(stderr)")
    log_format: str = setting("text", "Lines for people or for machines", choices=FORMATS)

    def __post_init__(self) -> None:
        if self.publish_port == self.ret_port:
            raise ConfigError(f"publish_port and ret_port are both {self.ret_port}")
        for name in self.default_returners:
            if name not in self.returners:
                raise ConfigError(f"default_returners: {unknown_returner(name, self.returners)}")

    def secrets(self) -> list[Secret]:
        """Return what must not turn up in a log."""
        return [self.store_url, *(each for options in self.returners.values() for each in options.secrets())]

    def database(self, paths: Paths) -> Secret:
        """Return the URL of the database to open."""
        return self.store_url or Secret(f"sqlite:///{paths.state_dir / 'master.db'}")

    def receiving(self) -> Limits:
        """Return what boxes may push."""
        return Limits(
            on=self.file_recv,
            file_mib=self.file_recv_max_size,
            box_mib=self.file_recv_quota_mib,
            all_mib=self.file_recv_total_mib,
            entries=self.file_recv_max_files,
        )

    def state_folders(self, paths: Paths) -> Roots:
        """Return `file_roots`, or where state files are by default."""
        return self.file_roots or {"base": (paths.srv_dir / "salt",)}

    def pillar_folders(self, paths: Paths) -> Roots:
        """Return `pillar_roots`, or where pillar is by default."""
        return self.pillar_roots or {"base": (paths.srv_dir / "pillar",)}


def read_master_config(paths: Paths) -> MasterConfig:
    """Return what the files under `paths` say. Raises ConfigError."""
    return read_config(paths.config_files(), MasterConfig)
