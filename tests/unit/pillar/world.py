"""Pillar of a test: files in a folder, a compiler over it, and boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.failure import PillarError
from shoal.pillar.inputs import Box

GRAINS: dict[str, Any] = {"os": "Debian", "ip4_interfaces": {"eth0": ["10.0.0.7"]}, "ipv4": ["10.0.0.7"]}


class World:
    """Environments below one folder."""

    def __init__(self, folder: Path, *envs: str, **rules: Any) -> None:
        self.folder = folder
        self.roots = {env: (folder / env,) for env in envs or ("base",)}
        for (root,) in self.roots.values():
            root.mkdir(parents=True, exist_ok=True)
        self.compiler = PillarCompiler(self.roots, Rules(**rules))

    def write(self, files: dict[str, str]) -> None:
        """Write files; a name begins with its environment unless that is `base`."""
        for name, text in files.items():
            first = name.partition("/")[0]
            path = self.folder / (name if first in self.roots else f"base/{name}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def pillar(self, minion: str = "web-1", pillarenv: str = "", **facts: Any) -> Any:
        """Return a box's pillar."""
        facts = {"grains": GRAINS, "tags": {"site": "paris"}, **facts}
        return self.compiler.compile(Box(id=minion, **facts), pillarenv).value

    def errors(self, minion: str = "web-1", **facts: Any) -> list[str]:
        """Return what is wrong, one line each, without the folder's name."""
        try:
            made = self.pillar(minion, **facts)
        except PillarError as error:
            return [str(each).replace(f"{self.folder}/", "") for each in error.errors]
        raise AssertionError(f"nothing is wrong: {made}")
