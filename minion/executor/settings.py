"""What the box's configuration says about running jobs; travels to the executor with every greeting."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from shoal.errors import WireError
from shoal.returns import MAX_VALUE_BYTES
from shoal.wire import Fields

_KINDS: Final[dict[str, type | tuple[type, ...]]] = {"str": str, "int": int, "float": (int, float)}
_MAX_PATTERNS: Final = 10_000
_MAX_PATTERN: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorSettings:
    """Limits for jobs. Zero means no limit where nothing else is said."""

    minion_id: str
    synced: str = ""  # folder of synced modules, "" = none
    desk: str = ""  # socket where jobs ask for the master's files,
    file_cache: str = ""  # and the folder that these come to
    disabled: tuple[str, ...] = ()  # patterns of functions that are not run under any of their names
    process_count_max: int = 16  # forked jobs at a time
    queue_max: int = 100  # jobs that may wait for a place; here 0 means none
    timeout_s: float = 3600.0  # for jobs that bring no timeout of their own
    grace_s: float = 5.0  # between SIGTERM and SIGKILL
    inline_timeout_s: float = 5.0  # a function that runs in the executor itself blocks all others
    memory_max_bytes: int = 0  # RLIMIT_DATA of each process of a job
    cpu_max_s: int = 0  # RLIMIT_CPU of each process of a job
    open_files_max: int = 0  # RLIMIT_NOFILE
    nice: int = 0  # added to the executor's own
    output_max_bytes: int = 1024 * 1024  # of one result, as packed; at least 1 KiB
    kept_max_bytes: int = 24 * 1024 * 1024  # results waiting for a daemon, all together
    log_level: str = "warning"  # these three for an executor that is started afresh; a fork has its logging
    log_format: str = "text"
    log_file: str = ""  # "" = stderr
    orphan_exit_s: float = 300.0  # without a daemon and without work the executor ends after this

    def __post_init__(self) -> None:
        if not 1024 <= self.output_max_bytes <= MAX_VALUE_BYTES:
            object.__setattr__(
                self, "output_max_bytes", min(max(self.output_max_bytes, 1024), MAX_VALUE_BYTES)
            )

    def to_wire(self) -> dict[str, Any]:
        """Return the settings as a map."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**values, "disabled": list(self.disabled)}

    @classmethod
    def from_wire(cls, value: object) -> ExecutorSettings:
        """Check the types and signs. Raises WireError."""
        taken = Fields(value, "executor settings")
        made = {f.name: taken.take(f.name, _KINDS[str(f.type)]) for f in fields(cls) if f.name != "disabled"}
        disabled = taken.texts("disabled", _MAX_PATTERNS, _MAX_PATTERN)
        taken.done()
        for name, number in made.items():
            if name != "nice" and not isinstance(number, str) and number < 0:
                raise WireError(f"executor settings: {name} is negative")
        return cls(disabled=disabled, **made)
