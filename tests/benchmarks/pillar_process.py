"""A pillar tree of 200 SLS files and a compiler over it, in a process of its own so that memory can be told.

A line `{"boxes": n}` compiles for n boxes and is answered with seconds, memory and what was done; with `"change": true`
one file is changed first.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.inputs import Box
from tests.benchmarks.gauge import rss_mib

SLS: Final = 200
_OSES: Final = ("Debian", "Ubuntu", "Alpine")
_SITES: Final = tuple(f"site-{number}" for number in range(20))
_ROLES: Final = ("camera", "gateway", "kiosk", "display")
_PLAIN: Final = "{name}:\n  package: {name}\n  port: {number}\n  options: {{a: 1, b: [1, 2, 3], c: text}}\n"
_BY_OS: Final = (
    "{{% import_yaml 'map.yaml' as map %}}\n{name}:\n  package: {{{{ map[grains.os] }}}}\n"
    "  hosts:\n{{% for n in range(10) %}}    h{{{{ n }}}}: 10.0.{number}.{{{{ n }}}}\n{{% endfor %}}"
)
_BY_SITE: Final = (
    "{name}:\n  site: {{{{ tags.site }}}}\n  role: {{{{ salt['grains.get']('role') }}}}\n"
    "  on: {{{{ grains.os == 'Alpine' }}}}\n"
)
_BY_ID: Final = "{name}:\n  address: {{{{ grains.ip }}}}\n  name: {{{{ id }}}}.example.net\n"


def make_tree(folder: Path) -> None:
    """Write the files: 120 the same for all, 50 by system, 28 by site and role, 2 that differ for each box."""
    kinds = [_PLAIN] * 120 + [_BY_OS] * 50 + [_BY_SITE] * 28 + [_BY_ID] * 2
    for number, kind in enumerate(kinds[:SLS]):
        (folder / f"s{number:03}.sls").write_text(kind.format(name=f"app{number}", number=number))
    (folder / "map.yaml").write_text("Debian: nginx-light\nUbuntu: nginx\nAlpine: nginx-mini\n")
    names = [f"s{number:03}" for number in range(SLS)]
    (folder / "top.sls").write_text(json.dumps({"base": {"*": names}}))


def make_box(number: int) -> Box:
    """Return one of the boxes: 100 grains, a few of which matter."""
    grains: dict[str, Any] = {f"grain{each}": f"value {each}" for each in range(95)}
    grains |= {
        "os": _OSES[number % 3],
        "role": _ROLES[number % 4],
        "ip": f"10.1.{number // 250}.{number % 250}",
    }
    return Box(id=f"edge-{number:05}", grains=grains, tags={"site": _SITES[number % 20]})


def main() -> None:
    """Answer until the input ends; the first line only starts it."""
    sys.stdin.readline()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tree(folder)
        compiler = PillarCompiler({"base": (folder,)}, Rules())
        before = rss_mib(os.getpid())
        for line in sys.stdin:
            asked = json.loads(line)
            if asked.get("change"):
                (folder / "s000.sls").write_text(f"app0:\n  changed: {time.monotonic_ns()}\n")
            counts = compiler.counts
            boxes = [make_box(number) for number in range(asked["boxes"])]
            started = time.perf_counter()
            for box in boxes:
                compiler.compile(box)
            seconds = time.perf_counter() - started
            done = {key: value - counts[key] for key, value in compiler.counts.items()}
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                json.dumps({"seconds": seconds, "peak_mib": peak, "before_mib": before, "done": done}),
                flush=True,
            )


if __name__ == "__main__":
    main()
