"""Chooses the tool by what is installed. On Red Hat's family update-alternatives is another name for its own."""

from __future__ import annotations

from modules import shell
from modules.alternatives.contract import Alternatives
from modules.alternatives.debian import DebianAlternatives
from modules.alternatives.redhat import RedHatAlternatives
from shoal.errors import UnavailableError


def choose() -> Alternatives:
    """Return the tool of this box. Raises UnavailableError."""
    if shell.which("alternatives"):
        return RedHatAlternatives()
    if shell.which("update-alternatives"):
        return DebianAlternatives()
    raise UnavailableError("alternatives", "there is neither update-alternatives nor alternatives")
