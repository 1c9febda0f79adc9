#!/usr/bin/env python3
"""Writes what repeats the code: the pages on configuration keys, execution modules, states and runners, and the names
of functions that shells complete.

make docs                            write them
scripts/generate_docs.py --check     say which of them are not current; exit code 1 if any
"""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from master.config import MasterConfig  # noqa: E402  the tree first, whatever is installed
from master.runners.directory import Directory  # noqa: E402
from minion.config import MinionConfig  # noqa: E402
from modules.registry import Registry  # noqa: E402
from shoal.config.describe import describe  # noqa: E402
from states.library import Library  # noqa: E402
from states.registry import full_registry  # noqa: E402

NAMES = "shoal/completion/function_names.py"
REACTION = "mod_watch"  # called by the engine alone
GENERATED = "<!-- Written by scripts/generate_docs.py: change the code, then run `make docs`. -->"

CONFIGURATION = """\
# Configuration

The master reads `/etc/shoal/master` (or `master.yaml`), then `master.d/*.conf` in the order of their names; a minion
reads `/etc/shoal/minion` and `minion.d/*.conf`. Later files win, maps are merged key by key. All of it is optional:
without a file everything has its default. `--config-dir DIR` reads another folder, `--root DIR` or `SHOAL_ROOT` puts
every path below DIR.

The files are YAML, with these limits: one document of at most 1 MiB, a map; no tags, no merge keys, no key twice.
Numbers are decimal (`0755` is refused where a number is expected), `16:10` is text. A file that anybody may write to is
refused.

A key that does not exist is an error that names file, line and the near key; for a key that only Salt has, it says what
to do instead. Changes take effect when the daemon is started again. Shoal takes Salt's name for a key if Salt has the
thing; other keys carry their unit (`_s`, `_mib`, `_bytes`). `publisher_acl` and `nodegroups` are explained in
[operations](operations.md), `returners` in [returners](returners.md).

A minion's `pillar_roots` is read and checked, but nothing uses it before there are states. `file_client: local` lets
`shoal-call` do without the daemon. Pillar's keys are explained in [pillar](pillar.md).
"""
MODULES = """\
# Execution modules

What can be asked of a box. Each function is shown with its parameters and their types: a word on the command line is
read as its parameter's type, so `16:10` stays text for a `str` and is refused for an `int`. On a running fleet
`shoal '*' -d MODULE` shows the same, and `shoal '*' sys.list_functions` lists what a box really has.

*Inline* functions run in the executor itself and take a few milliseconds; all others get a process of their own.
*Replay* says what may be done when nobody knows whether a function has run (after a power cut): `safe` functions may be
run again, `check` functions have a probe that is asked first.
"""
STATES = """\
# States

What an SLS file can declare. Each function is shown with its parameters, their types and defaults; `name` is the
state's ID unless `- name:` says otherwise, or each of `- names:`. A parameter that does not exist is an error with the
near name. Requisites and the arguments that all states take (`require`, `watch`, `onlyif`, `unless`, `creates`, `retry`
and so on) are not repeated here.

A state function reads the box and returns a plan; a test run (`test=True`) shows the plan and stops there. Each step of
a plan has its way back, or says why there is none. *Reacts*: the module does something of its own when what a state
watches has changed.
"""
NAMES_DOC = '''\
"""Which functions and runners there are, a line for each module: for shells that complete them.

Written by scripts/generate_docs.py: change the code, then run `make docs`.
"""

# ruff: noqa: E501 - a module's functions are one line, however many it has

from __future__ import annotations

from typing import Final
'''
RUNNERS = """\
# Runners

What `shoal-run` asks of the master itself. Only root and the master's own user may do so. `shoal-run -d` shows the same
on the command line.

Two more names are handled by the program. `shoal-run state.event [TAG] [pretty=True] [count=N]` prints the master's
events as they happen, one a line; TAG is a glob. `shoal-run pillar.seal` reads a secret from the terminal or a pipe and
prints it sealed for a pillar file.
"""


def main() -> int:
    """Write the pages, or with --check compare them; return the exit code."""
    stale = []
    for path, text in _texts().items():
        file = ROOT / path
        if file.exists() and file.read_text("utf-8") == text:
            continue
        stale.append(path)
        if sys.argv[1:] != ["--check"]:
            file.write_text(text, "utf-8")
    if sys.argv[1:] == ["--check"]:
        sys.stdout.write("".join(f"{path} is not current. Run: make docs\n" for path in stale))
        return 1 if stale else 0
    sys.stdout.write("".join(f"wrote {path}\n" for path in stale))
    return 0


def _texts() -> dict[str, str]:
    return {**pages(), NAMES: function_names()}


def pages() -> dict[str, str]:
    """Return the text of each page by its path in the repository."""
    made = {
        "docs/configuration.md": configuration(),
        "docs/modules.md": modules(),
        "docs/runners.md": runners(),
        "docs/states.md": states(),
    }
    return {path: "\n".join([GENERATED, "", *lines]).rstrip() + "\n" for path, lines in made.items()}


def function_names() -> str:
    """Return the module that knows which functions and runners there are."""
    directory = Directory()
    lists = {
        "FUNCTIONS": full_registry().names(),
        "RUNNERS": [*directory.names(), *directory.aliases(), *directory.streams()],
    }
    lines = [NAMES_DOC]
    for name, full in lists.items():
        lines.append(f'{name}: Final = """\\')
        for module in sorted({each.partition(".")[0] for each in full}):
            lines.append(f"{module}: {' '.join(sorted(_short_names(module, full)))}")
        lines.append('"""')
    return "\n".join(lines) + "\n"


def _short_names(module: str, full: list[str]) -> set[str]:
    return {each.partition(".")[2] for each in full if each.startswith(f"{module}.")}


def configuration() -> Iterator[str]:
    """Yield the lines of the page on configuration keys."""
    yield CONFIGURATION
    for title, section in (("Master", MasterConfig), ("Minion", MinionConfig)):
        yield from (f"## {title}", "", "| key | what | takes | default |", "|---|---|---|---|")
        for row in describe(section):
            yield f"| `{row.key}` | {_cell(row.doc)} | {_cell(row.kind)} | {_cell(row.default)} |"
        yield ""


def modules() -> Iterator[str]:
    """Yield the lines of the page on execution modules."""
    registry = full_registry()
    yield MODULES
    yield from (" · ".join(f"[{module}](#{module})" for module in registry.modules()), "")
    for module in registry.modules():
        functions = {registry.get(name) for name in registry.names_in(module)}
        own = sorted((each for each in functions if each.name.startswith(f"{module}.")), key=_name)
        if own:
            yield from _module(module, _doc_of(module, own), own)
        else:
            yield from _other_names(module, registry)


def _doc_of(module: str, functions: list[Any]) -> str:
    """Return the docstring of a module: `modules.NAME`, or where its functions are if it needs the states."""
    machinery = any(each.call.__module__.startswith("states.") for each in functions)
    return (
        importlib.import_module(f"states.execution.{module}" if machinery else f"modules.{module}").__doc__
        or ""
    )


def states() -> Iterator[str]:
    """Yield the lines of the page on states."""
    library = Library()
    yield STATES
    yield from (" · ".join(f"[{module}](#{module})" for module in library.modules()), "")
    for module in library.modules():
        names = library.names_in(module)
        doc = importlib.import_module(f"states.{module}").__doc__ or ""
        reacts = "\n\nReacts." if f"{module}.{REACTION}" in names else ""
        functions = [library.get(name) for name in sorted(names) if name != f"{module}.{REACTION}"]
        yield from _module(module, doc.strip() + reacts, functions, least=3, shown=_with_yaml)


def _with_yaml(doc: str) -> str:
    """Return the docstring of a state function with its example as a block of YAML."""
    prose, mark, example = doc.partition("Example:\n")
    return f"{prose.strip()}\n\n```yaml\n{textwrap.dedent(example).strip()}\n```" if mark else doc


def runners() -> Iterator[str]:
    """Yield the lines of the page on runners."""
    directory = Directory()
    names = directory.names()
    yield RUNNERS
    for module in sorted({name.partition(".")[0] for name in names}):
        doc = importlib.import_module(f"master.runners.{module}").__doc__ or ""
        yield from _module(
            module, doc, [directory.get(name) for name in names if name.startswith(f"{module}.")]
        )


def _module(
    name: str, doc: str, functions: list[Any], *, least: int = 2, shown: Callable[[str], str] = str
) -> Iterator[str]:
    yield from (f"## {name}", "", doc.strip(), "")
    shared = _shared_options(functions, least)
    for bundle in shared:
        yield from ("Where a function below ends in `…`, it takes these options too:", "")
        yield from (f"- `{parameter.show()}`" for parameter in shared[bundle])
        yield ""
    for each in functions:
        yield from (f"### {each.name}", "", f"`{_usage(each, shared)}`", "", shown(each.doc), "")
        remarks = (
            [f"Other names: {', '.join(f'`{alias}`' for alias in each.aliases)}."] if each.aliases else []
        )
        if each.inline:
            remarks.append("Inline.")
        if each.replay == "safe":
            remarks.append("Replay: safe.")
        if remarks:
            yield from (" ".join(remarks), "")


def _shared_options(functions: list[Any], least: int) -> dict[type, list[Any]]:
    """Return the bundles of parameters that several of `functions` take, so that they are listed once.

    `least`: how many functions are several.
    """
    counts = Counter(bundle for each in functions for bundle in each.signature.bundles.values())
    return {
        bundle: [
            p for p in each.signature.keywords.values() if each.signature.bundles.get(p.bundle) is bundle
        ]
        for each in functions
        for bundle in each.signature.bundles.values()
        if counts[bundle] >= least
    }


def _usage(function: Any, shared: dict[type, list[Any]]) -> str:
    signature = function.signature
    hidden = {p.name for bundle in signature.bundles.values() for p in shared.get(bundle, ())}
    if not hidden:
        return str(function.usage)
    shown = [p.show() for p in signature.keywords.values() if p.name not in hidden]
    return f"{function.name}({', '.join([*shown, '…'])})"


def _other_names(module: str, registry: Registry) -> Iterator[str]:
    yield from (f"## {module}", "", "Salt's names for functions above.", "")
    for name in registry.names_in(module):
        yield f"- `{name}` is `{registry.get(name).name}`"
    yield ""


def _name(function: Any) -> str:
    return str(function.name)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
