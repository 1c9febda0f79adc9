"""The hosts file: the only place where names are looked up, so that a box without a network never waits."""

from __future__ import annotations

from dataclasses import dataclass

from minion.grains.sources import Sources


@dataclass(frozen=True, slots=True)
class Hosts:
    """Rows of hosts(5): an address and its names, the canonical one first."""

    rows: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def read(cls, sources: Sources) -> Hosts:
        """Return the rows of `/etc/hosts`."""
        lines = (line.partition("#")[0].split() for line in sources.text("etc/hosts").splitlines())
        return cls(tuple((words[0], tuple(words[1:])) for words in lines if len(words) > 1))

    def addresses_of(self, name: str) -> list[str]:
        """Return the addresses of `name`, each once."""
        return list(dict.fromkeys(address for address, names in self.rows if name in names))

    def names_of(self, address: str) -> list[str]:
        """Return the names of `address`."""
        return [name for one, names in self.rows if one == address for name in names]
