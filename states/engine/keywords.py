"""The words of the language that are no arguments of states: requisites, and what the engine itself reads."""

from __future__ import annotations

from typing import Final

# Requisites that say what runs before, and whether.
REQUISITES: Final = (
    "require", "require_any", "watch", "watch_any", "onchanges", "onchanges_any",
    "onfail", "onfail_any", "onfail_all", "prereq",
)  # fmt: skip
LISTEN: Final = "listen"  # when all has run
LISTEN_IN: Final = "listen_in"
USE: Final = "use"  # copies arguments, nothing else
IN: Final = (
    "require_in", "watch_in", "onchanges_in", "onfail_in", "prereq_in", "listen_in", "use_in",
)  # fmt: skip
ALL: Final = frozenset({*REQUISITES, LISTEN, USE, *IN})

GLOBAL: Final = frozenset({
    "order", "failhard", "onfail_stop", "onlyif", "unless", "creates", "check_cmd", "retry", "parallel", "aggregate",
    "runas", "runas_password", "umask", "fire_event", "reload_modules", "reload_grains", "reload_pillar", "timeout",
    "no_log", "saltenv", "names", "name", "fun", "state", "cmd_opts_exclude", "name_order",
})  # fmt: skip
