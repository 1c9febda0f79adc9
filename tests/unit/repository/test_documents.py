"""What the documents say is so: commands exist, decisions are numbered, dependencies are explained."""

import configparser
import re

import pytest

from shoal.functions.function import Marks, marks_of
from tests.unit.repository.tree import ROOT

GUIDES = [name for name in ("README.md", "CONTRIBUTING.md") if (ROOT / name).exists()]
ADR_PARTS = ["Context", "Decision", "Consequences"]


def makefile_targets():
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("guide", GUIDES)
def test_make_commands_of_a_guide_exist(guide):
    named = set(re.findall(r"(?:^|`|^sudo |`sudo )make ([a-z]+)", (ROOT / guide).read_text(), re.MULTILINE))
    assert named - makefile_targets() == set()


@pytest.mark.parametrize("guide", GUIDES)
def test_files_that_a_guide_names_exist(guide):
    text = (ROOT / guide).read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    named = re.findall(r"`((?:docs|scripts|tests|minion|shoal|examples|packaging)/[\w./-]+)`", text)
    assert [name for name in links + named if not (ROOT / name).exists()] == []


def test_example_of_an_execution_module_works():
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
    names: dict[str, object] = {"__name__": "modules.entropy"}
    exec(block, names)  # the guide's own text
    assert marks_of(names["available"]) == Marks(inline=True, replay="safe")
    assert names["available"](None) > 0


def test_every_target_is_phony_and_explained():
    text = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    explained = re.findall(r"^([a-z]+):.*## \w", text, re.MULTILINE)
    assert set(phony.split()) == set(explained) == makefile_targets()


def test_check_runs_every_tool():
    recipe = (ROOT / "Makefile").read_text().partition("\ncheck:")[2].partition("\n\n")[0]
    assert [tool for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "vermin")
            if tool not in recipe] == []  # fmt: skip


def test_decisions_are_numbered_without_gaps():
    names = sorted(path.name for path in (ROOT / "docs/adr").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


@pytest.mark.parametrize("path", sorted((ROOT / "docs/adr").glob("*.md")), ids=lambda path: path.name)
def test_decision_has_its_parts(path):
    text = path.read_text()
    assert text.startswith(f"# {int(path.name[:4])}. ")
    assert re.search(r"^Status: (proposed|accepted|superseded by \d+)$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ADR_PARTS


def test_every_dependency_is_explained():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].split("\n")
    lines += [line for extra in config["options.extras_require"].values() for line in extra.split("\n")]
    wanted = {re.split(r"[\[<>=~! ]", line)[0] for line in lines if line}
    told = re.findall(r"^\| ([\w-]+) \| \S", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    assert set(told) - {"package"} == wanted


def test_licence_is_the_one_that_is_declared():
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
