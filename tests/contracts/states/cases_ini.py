"""Cases of `ini`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.contracts.states.contract import ROOT, Case

FILE = f"{ROOT}/a.ini"


def there(root: Path) -> None:
    (root / "a.ini").write_text("top=1\n[s1]\nk1 = v1\n  more\n# c\n[s2]\nx = y\n")
    (root / "a.ini").chmod(0o600)


def linked(root: Path) -> None:
    there(root)
    (root / "a.ini").rename(root / "real")
    (root / "a.ini").symlink_to("real")


def case(name: str, fun: str, sections: Any, **more: Any) -> Case:
    args = {"name": FILE, "sections": sections, **more.pop("args", {})}
    return Case(name=name, fun=f"ini.{fun}", args=args, **{"prepare": there, **more})


CASES = [
    case("no file", "options_present", {"s": {"a": 1}}, prepare=lambda root: None),
    case("new value", "options_present", {"s1": {"k1": "x"}, "top": 2}),
    case("new section", "options_present", {"s9": {"a": None}}),
    case("nothing else", "options_present", {"s2": {"z": 1}}, args={"strict": True}),
    case("behind a link", "options_present", {"s1": {"k1": "x"}}, prepare=linked),
    case("as it is", "options_present", {"s2": {"x": "y"}}, changes=False),
    case("some there", "options_absent", {"s1": ["k1", "k9"], "top": None}),
    case("none there", "options_absent", ["nope"], changes=False),
    case("one there", "sections_absent", ["s1", "s9"]),
    case("one missing", "sections_present", ["s1", "s9"]),
]
