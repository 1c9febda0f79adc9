"""A throw-away copy of this machine: its root under an overlay, without network, in namespaces. Needs root.

What runs in there may install and remove as it likes; everything is gone with the last process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]

_ENTER: Final = """
set -e
place=$1 repo=$2 prefix=$3 python=$4
mount -t tmpfs none "$place"
mkdir "$place/up" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/up,workdir=$place/work" "$place/root"
cd "$place/root"
mount -t tmpfs none ./tmp
for path in "$repo" "$prefix" /proc /dev; do mkdir -p ".$path"; mount --rbind "$path" ".$path"; done
cp -r "$5" ./repo
chmod -R a+rX ./repo
exec chroot . env -C / PYTHONPATH="$repo" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "$python" -c "$6"
"""

# What the code in the copy may use: `ask` as an operator types, `sh` for everything else, `tell` at the end.
_PRELUDE: Final = """
import json, os, shlex, subprocess, sys, time
from pathlib import Path
from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from shoal.errors import ModuleError
from shoal.functions.signature import bind

registry = Registry()
ctx = Context(
    minion_id="box", grains={}, pillar={}, tags={}, settings={}, registry=registry,
    jobs=NoJobs(), daemon=NoDaemon(), files=OwnFiles({}), master=NoMaster(),
    jid="1", job_user="root",
)

def ask(line):
    name, *words = shlex.split(line)
    function = registry.get(name)
    try:
        args, kwargs = bind(function, words, {}, from_text=True)
        return function.call(ctx, *args, **kwargs)
    except ModuleError as error:
        return f"ERROR {error}"

def sh(text, ok=True):
    done = subprocess.run(["sh", "-c", text], capture_output=True, text=True)
    assert done.returncode == 0 or not ok, done.stdout + done.stderr
    return done.stdout

def tell(value):
    print(json.dumps(value))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where to build the copy, and the folder that is `/repo` in it."""

    place: Path
    repository: Path

    def run(self, code: str) -> Any:
        """Run Python code in a fresh copy; return what it gives to `tell`."""
        argv = ["unshare", "--mount", "--net", "--fork", "--pid", "--mount-proc", "sh", "-c", _ENTER, "sh"]
        words = [self.place, ROOT, sys.prefix, sys.executable, self.repository, _PRELUDE + code]
        done = subprocess.run(
            [*argv, *map(str, words)], capture_output=True, text=True, check=False, timeout=150
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])
