"""Where the master's control socket is: from the command line and SHOAL_ROOT, no configuration is read."""

from __future__ import annotations

import argparse

from shoal.paths import Paths


def socket_path(options: argparse.Namespace) -> tuple[str, str]:
    """Return the socket's path, and what the question "is it running" must add (` with --root DIR`).

    Raises:
        ConfigError: the path is too long for a socket, or --config-dir is not there.
    """
    paths = Paths.for_master(options.root, options.config_dir)
    return str(paths.control_socket), f" with --root {options.root}" if options.root else ""
