"""The grains file: a YAML map that an operator or an installer wrote on the box."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Final

from shoal.errors import ConfigError
from shoal.ownership import doubt

log = logging.getLogger(__name__)

DEFAULT_PATH: Final = "etc/shoal/grains"


def read(path: object, root: Path) -> dict[str, Any]:
    """Return the map in file `path` (default: DEFAULT_PATH under `root`); one log line when it is bad."""
    file = Path(str(path)) if path else root / DEFAULT_PATH
    try:
        if not file.exists():
            return {}
        if why := doubt(file):
            raise ConfigError(f"{file}: {why}")
        from shoal.config.yaml_file import read_yaml  # yaml is 1 MiB: only on boxes that have the file

        grains: dict[str, Any] = read_yaml(file).plain()
    except (ConfigError, OSError) as error:
        log.warning("grains file ignored: %s", error, extra={"action": "grains_file_ignored"})
        return {}
    return grains
