"""The option parser of the box's programs: a wrong command line is one line on stderr, as on the master."""

from __future__ import annotations

import argparse
from typing import NoReturn

from shoal.exits import UsageError


class Parser(argparse.ArgumentParser):
    """An option parser that raises UsageError instead of printing the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message}; see {self.prog} --help")
