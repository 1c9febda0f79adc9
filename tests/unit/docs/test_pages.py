"""The documents hold together: links lead somewhere, generated pages are current, nothing of one machine is in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.docs.pages import GUIDES, PAGES, ROOT, anchors, links, name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_nothing_of_one_machine_is_in_a_page(page: Path) -> None:
    text = page.read_text("utf-8")
    places = [str(ROOT.parent), str(Path.home()), sys.prefix]
    assert [place for place in places if len(place) > 2 and f"{place}/" in text] == []


def test_every_guide_can_be_found_from_the_readme() -> None:
    seen: set[Path] = set()
    left = [ROOT / "README.md"]
    while left:
        page = left.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        left += [
            (page.parent / link.partition("#")[0]).resolve() for link in links(page) if "://" not in link
        ]
    decisions = ROOT / "docs/adr"
    lost = {page for page in GUIDES if page.parent != decisions} - seen
    assert sorted(map(name, lost)) == []


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_files_of_the_tree_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    named = set(
        re.findall(r"`((?:shoal|pki|modules|master|minion|tests|examples|scripts)/[\w/]+\.py)`", text)
    )
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_generated_pages_are_current() -> None:
    script = ROOT / "scripts/generate_docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr
