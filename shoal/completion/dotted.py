"""Names of functions, module by module: first the modules, then what is in one.

With 500 functions a list of all of them helps nobody; a module's name with its dot is a word that goes on. It is never
offered alone: where one module fits, its functions are.
"""

from __future__ import annotations


def offered(listed: str, begun: str) -> list[str]:
    """Return what may stand for `begun`; `listed` has a line for each module, `module: function function …`."""
    modules = {
        module: names.split()
        for module, _, names in (line.partition(":") for line in listed.splitlines())
        if module
    }
    wanted, dot, _ = begun.partition(".")
    if not dot:
        fitting = [module for module in modules if module.startswith(wanted)]
        if len(fitting) != 1:
            return [f"{module}." for module in fitting]
        wanted = fitting[0]
    return [f"{wanted}.{name}" for name in modules.get(wanted, ())]
