"""A command-line program starts fast: what it shows results with must not drag anything heavy in."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"argparse", "dataclasses", "difflib", "inspect", "json", "logging", "msgpack", "pprint", "yaml"}
PROGRAM = """
import sys
import shoal.outputters
from shoal.paths import Paths
before = set(sys.modules)
assert shoal.outputters.render({"web1": True}, "nested") == "web1:\\n    True"
Paths.for_master("/tmp").control_socket
print(" ".join(sys.modules))
"""


def test_nested_and_the_sockets_path_import_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
