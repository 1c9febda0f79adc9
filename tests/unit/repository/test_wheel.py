"""What gets installed: the seven packages, whole, and nothing else."""

import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.unit.repository.tree import PACKAGES, ROOT, sources

FILES = ("setup.cfg", "pyproject.toml", "LICENSE", "README.md")


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    # Built from a copy: setuptools writes into the tree it builds.
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("tests", "examples"):
        (tree / folder).mkdir()
        (tree / folder / "__init__.py").touch()
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tree / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", "dist"]
    built = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, timeout=120)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = (tree / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return opened.namelist()


def test_top_level_names_are_the_seven_packages(names):
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


def test_every_source_file_is_in_the_wheel(names):
    wanted = {str(path.relative_to(ROOT)) for path in sources()}
    assert wanted - set(names) == set()


def test_types_and_licence_are_in_the_wheel(names):
    assert [f"{package}/py.typed" for package in PACKAGES if f"{package}/py.typed" not in names] == []
    assert [name for name in names if name.endswith("LICENSE")]


def test_tests_are_not_in_the_wheel(names):
    assert [name for name in names if name.startswith(("tests/", "examples/"))] == []
