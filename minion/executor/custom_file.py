"""One file of custom grains, as a signed manifest names it: where it lies, and what must be in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from shoal.errors import WireError
from shoal.files.messages import DIGEST_BYTES


class CustomFile(NamedTuple):
    """See the module docstring; `name` is how it is called where it comes from, for people."""

    name: str
    path: Path
    digest: bytes

    def to_wire(self) -> list[Any]:
        """Return `[name, path, digest]`."""
        return [self.name, str(self.path), self.digest]

    @classmethod
    def from_wire(cls, value: object) -> CustomFile:
        """Check the types. Raises WireError."""
        if not isinstance(value, list) or [type(each) for each in value] != [str, str, bytes]:
            raise WireError("file of custom grains: [name, path, digest] expected")
        if len(value[2]) != DIGEST_BYTES:
            raise WireError("file of custom grains: half a digest")
        return cls(value[0], Path(value[1]), value[2])
