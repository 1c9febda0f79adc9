"""Runs a piece of Python in namespaces of its own, so that a test may really mount, set or rename."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make these namespaces")
_ROOT = Path(__file__).parents[3]
_PRELUDE = """
import json
from shoal.errors import ShoalError
ctx = None
def failure(call, *args, **kwargs):
    try:
        call(ctx, *args, **kwargs)
    except ShoalError as error:
        return str(error)
    return ""
"""


def inside(unshare: str, code: str) -> Any:
    """Run `code` under `unshare` with these options and return what it put into `answer`."""
    text = f"{_PRELUDE}\n{code}\nprint(json.dumps(answer))"
    done = subprocess.run(
        ["unshare", *unshare.split(), sys.executable, "-c", text],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "unshare:" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
