"""The manifests that a box holds, one for each kind, judged again each time they are read from the disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from minion.executor.custom_file import CustomFile
from minion.synced.shelf import Shelf
from pki.anchor import TrustAnchor
from pki.manifest import judge_held
from shoal.errors import TrustError, WireError
from shoal.files.names import BASE
from shoal.policy import Policy
from shoal.synced import KINDS, Manifest, SyncedFile


@dataclass(slots=True)
class Held:
    """What counts on this box, by kind."""

    manifests: dict[str, Manifest] = field(default_factory=dict)

    @property
    def newest(self) -> float:
        """When the newest of them was issued."""
        return max((each.issued for each in self.manifests.values()), default=0.0)

    def files(self, kind: str) -> list[SyncedFile]:
        """Return the files of a kind, in the order of their names."""
        manifest = self.manifests.get(kind)
        return sorted(manifest.of(kind).values(), key=lambda each: each.name) if manifest else []

    def digests(self, kind: str) -> dict[str, bytes]:
        """Return what loaders are told: the digest of each file, by name."""
        return {each.name: each.digest for each in self.files(kind)}

    def modules(self, policy: Policy) -> dict[str, bytes]:
        """Return the digests of the modules that this box's own policy lets be loaded, by name."""
        return {name: digest for name, digest in self.digests("modules").items() if policy.loads(name)}

    def custom_grains(self, shelf: Shelf) -> list[CustomFile]:
        """Return the files of custom grains, in the order they run."""
        return [CustomFile(f"{each.name}.py", shelf.path(each), each.digest) for each in self.files("grains")]

    def envs(self) -> Mapping[str, list[str]]:
        """Return which kinds come from which environment; BASE for those that nothing is held of."""
        found: dict[str, list[str]] = {}
        for kind in KINDS:
            manifest = self.manifests.get(kind)
            found.setdefault(manifest.env if manifest else BASE, []).append(kind)
        return found


def read_held(shelf: Shelf, anchor: TrustAnchor, kinds: Iterable[str] = KINDS) -> tuple[Held, list[str]]:
    """Return the manifests on the disk that can be believed, and a line for each that cannot."""
    held, wrong = Held(), []
    for kind in kinds:
        try:
            data = shelf.manifest(kind)
            if data:
                held.manifests[kind] = judge_held(data, anchor)
        except (OSError, TrustError, WireError) as error:
            wrong.append(f"the manifest of synced {kind} is refused, none of them is loaded: {error}")
    return held, wrong
