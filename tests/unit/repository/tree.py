"""Where things are in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("master", "minion", "modules", "pki", "returners", "shoal", "states")


def sources() -> list[Path]:
    """Return every Python file of the seven packages."""
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
