"""Templates of a test: files in a dict, variables as pillar has them, and their text or data."""

from __future__ import annotations

from typing import Any

from shoal.render.functions import Functions, Known, pure_functions
from shoal.render.renderer import Renderer
from shoal.render.source import Source
from shoal.render.views import View

GRAINS: dict[str, Any] = {"os": "Debian", "os_family": "Debian", "roles": ["edge"], "ip": {"v4": "10.0.0.1"}}
PILLAR: dict[str, Any] = {"app": {"name": "shop", "ports": [80]}, "number": 42}


class World:
    """Renders `files`."""

    def __init__(self, files: dict[str, str] | None = None, **options: Any) -> None:
        self.files = files or {}
        self.renderer = Renderer(self._find, **options)
        views = {
            "grains": View(GRAINS),
            "pillar": View(PILLAR),
            "tags": View({"site": "paris"}),
            "opts": View({"id": "box"}),
        }
        functions = Functions(pure_functions(Known(id=lambda: "box", nodegroups={"all": "*"}, **views)))
        self.variables = {**views, "salt": functions, "saltenv": "base"}

    def text(self, template: str) -> str:
        """Return what a template makes."""
        return str(self.data(template, "jinja"))

    def data(self, text: str, renderer: str = "") -> Any:
        """Return the data of a file."""
        source = Source(name="t.sls", path="/srv/t.sls", text=text, key=text.encode())
        return self.renderer.render(source, self.variables, renderer).value

    def _find(self, name: str) -> Source | None:
        text = self.files.get(name)
        return None if text is None else Source(name=name, path=f"/srv/{name}", text=text, key=text.encode())
