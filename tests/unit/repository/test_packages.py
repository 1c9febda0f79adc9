"""The tree keeps its shape: folders are packages, files and functions stay readable."""

import ast
import configparser
import functools

from tests.unit.repository.tree import PACKAGES, ROOT, sources

MAX_FILE = 500
MAX_FUNCTION = 60


def relative(path):
    return str(path.relative_to(ROOT))


@functools.cache
def parsed(path):
    return ast.parse(path.read_text())


def test_every_folder_with_python_files_is_a_package():
    files = sources() + sorted((ROOT / "tests").rglob("*.py"))
    folders = {path.parent for path in files}
    assert [relative(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_setup_lists_each_package_with_what_is_below_it():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    included = config["options.packages.find"]["include"].split()
    assert sorted(included) == sorted([*PACKAGES, *(f"{package}.*" for package in PACKAGES)])


def test_no_file_is_longer_than_500_lines():
    assert [relative(path) for path in sources() if path.read_text().count("\n") > MAX_FILE] == []


def test_no_function_is_longer_than_60_lines():
    long = []
    for path in sources():
        for node in ast.walk(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > MAX_FUNCTION:
                    long.append(f"{relative(path)}: {node.name} has {lines} lines")
    assert long == []


def test_every_source_file_says_what_it_is_for():
    undocumented = [path for path in sources() if not ast.get_docstring(parsed(path))]
    assert [relative(path) for path in undocumented if path.read_text().strip()] == []
