"""The release of this tree. `shoal --version` prints it and minions report it to their master."""

from typing import Final

VERSION: Final = "0.1.0"
