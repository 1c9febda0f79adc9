"""The documents, and what can be read out of them: links, anchors, command lines, tables."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs/adr").glob("*.md")])
GUIDES = [page for page in PAGES if page.name not in ("plan.md",)]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PROGRAM = re.compile(r"^shoal(-[a-z]+)?$")


def name(page: Path) -> str:
    """Return a page's path in the repository, for messages and test ids."""
    return str(page.relative_to(ROOT))


def links(page: Path) -> list[str]:
    """Return where a page's links lead, those in code left out."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    return _LINK.findall(re.sub(r"`[^`]*`", "", text)) + [
        found for found in _LINK.findall(text) if "`" not in found and found.endswith(".md")
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def command_lines(page: Path) -> list[list[str]]:
    """Return the words of every command line of ours in a page's shell blocks, examples and transcripts."""
    text = page.read_text("utf-8")
    blocks = [body for language, body in _FENCE.findall(text) if language in ("sh", "")]
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    lines += [line.strip() for line in text.splitlines() if line.startswith("    shoal")]
    found = []
    for line in lines:
        words = _words(line)
        if words and _PROGRAM.match(words[0]) and words != ["shoal"]:  # that is a folder's name
            found.append(words)
    return found


def inline_commands(page: Path) -> list[list[str]]:
    """Return the words of the command lines that stand in `code` within sentences and tables."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    spans = [span.replace("\\|", "|") for span in re.findall(r"`([^`\n]+)`", text)]
    return [
        words for span in spans if (words := _words(span)) and _PROGRAM.match(words[0]) and len(words) > 1
    ]


def table(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading, its own head left out."""
    text = (ROOT / page).read_text("utf-8")
    below = text.split(f"# {heading}\n", 1)[1]
    rows = re.search(r"^\|.*?\n(?:\|.*\n)+", below, re.MULTILINE)
    assert rows, f"no table below {heading} in {page}"
    lines = rows[0].splitlines()[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def codes(cell: str) -> list[str]:
    """Return what stands in `code` in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def _words(line: str) -> list[str]:
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return []  # prose
    return words[:-1] if words[-1:] == ["&"] else words
