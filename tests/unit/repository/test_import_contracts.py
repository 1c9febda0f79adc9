"""The import contracts catch what they are there for, and let pass what is allowed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.repository.tree import PACKAGES, ROOT

LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

ALLOWED = {
    "master/daemon.py": "import asyncio\nimport returners.sql, pki.keys, shoal.zmq_transport, master.store.rows\n",
    "master/store/__init__.py": "import sqlalchemy\n",
    "master/store/rows.py": "import sqlalchemy.orm, psycopg\n",
    "master/store/migrations/__init__.py": "",
    "master/store/migrations/env.py": "import alembic\n",
    "master/api/__init__.py": "",
    "master/api/server.py": "import tornado.web\n",
    "minion/daemon.py": "import states.file, modules.test, pki.keys, shoal.zmq_transport\n",
    "states/file.py": "import modules.test\n",
    "modules/test.py": "import shoal.job\n",
    "pki/keys.py": "import nacl.signing, shoal.job\n",
    "returners/sql.py": "import sqlalchemy\n",
    "shoal/zmq_transport/__init__.py": "",
    "shoal/zmq_transport/link.py": "import zmq\n",
    "shoal/job.py": "import msgpack\n",
}

FORBIDDEN = [
    ("imports only go down the floors", "master/bad.py", "import minion.daemon"),
    ("imports only go down the floors", "minion/bad.py", "import master.daemon"),
    ("imports only go down the floors", "shoal/bad.py", "import pki.keys"),
    ("imports only go down the floors", "modules/bad.py", "import states.file"),
    ("neighbours do not see each other", "modules/bad.py", "import pki.keys"),
    ("neighbours do not see each other", "returners/bad.py", "import modules.test"),
    ("the master never imports what runs on a box", "master/bad.py", "import modules.test"),
    ("the minion never imports what only a master needs", "minion/bad.py", "import returners.sql"),
    ("nothing that runs on a box imports asyncio", "modules/bad.py", "import asyncio"),
    ("SQLAlchemy only in master.store and returners.sql", "master/bad.py", "from sqlalchemy import select"),
    ("SQLAlchemy only in master.store and returners.sql", "returners/jsonl.py", "import sqlalchemy"),
    ("zmq only in shoal.zmq_transport", "master/bad.py", "import zmq.asyncio"),
    ("zmq only in shoal.zmq_transport", "shoal/transport.py", "import zmq"),
    ("tornado only in master.api", "master/bad.py", "import tornado.web"),
]


def lint(tree, extra=None):
    """Return the broken contracts of a small tree with the allowed imports and `extra` files."""
    for package in PACKAGES:
        (tree / package).mkdir()
        (tree / package / "__init__.py").touch()
    for path, text in {**ALLOWED, **(extra or {})}.items():
        (tree / path).parent.mkdir(exist_ok=True, parents=True)
        (tree / path).write_text(text)
    shutil.copy(ROOT / "setup.cfg", tree)
    done = subprocess.run(
        [LINT_IMPORTS, "--config", "setup.cfg", "--no-cache"],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return set(re.findall(r"^(.+) BROKEN", done.stdout, re.MULTILINE))


def test_the_intended_imports_break_no_contract(tmp_path):
    assert lint(tmp_path) == set()


@pytest.mark.parametrize(("contract", "path", "text"), FORBIDDEN)
def test_a_forbidden_import_breaks_its_contract(contract, path, text, tmp_path):
    assert contract in lint(tmp_path, {path: text + "\n"})
