"""A program that asks functions as an operator would: lines on stdin as JSON, what came of each on stdout.

The child of `private_box.py`. It imports nothing that it does not need, for it is started by many tests.
"""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from modules.standalone import NoDaemon, NoJobs, NoMaster
from shoal.errors import ModuleError
from shoal.functions.signature import bind

MARK: Final = Path("/etc/this-etc-belongs-to-a-test")


def _work() -> None:
    """Run in the child: ask what stdin says."""
    if not MARK.exists():
        sys.exit("this is the machine's own /etc")
    context = Context(
        minion_id="box",
        grains={},
        pillar={},
        tags={},
        settings={},
        registry=Registry(),
        jobs=NoJobs(),
        files=OwnFiles({}),
        master=NoMaster(),
        daemon=NoDaemon(),
        jid="20260917000000000000",
        job_user="root",
    )
    json.dump([_answer(context, line) for line in json.load(sys.stdin)], sys.stdout)


def _answer(context: Context, line: str) -> Any:
    name, *words = shlex.split(line)
    function = context.registry.get(name)
    args, kwargs = bind(function, words, {}, from_text=True)
    try:
        return function.call(context, *args, **kwargs)
    except ModuleError as error:
        return {"error": str(error)}


if __name__ == "__main__":
    _work()
