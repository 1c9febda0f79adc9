"""`cron`: a crontab program that keeps its tables in a folder of the test's own. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from modules.cron import crontab
from modules.cron.tab import TAG
from tests.unit.states.trial import Box, context

_CRONTAB = """#!/bin/sh
user=root
[ "$1" != -u ] || {{ user=$2; shift 2; }}
table={tables}/$user
case $1 in
-l) [ -e "$table" ] || {{ echo "no crontab for $user" >&2; exit 1; }}; {cat} "$table" ;;
-r) {rm} "$table" ;;
-) {cat} > "$table" ;;
esac
"""
MINE = f"""\
# mine
MAILTO=me
0 0 * * * old
{TAG}
A=1
# night SALT_CRON_IDENTIFIER:ida
5 3 * * * /bin/a
@daily /bin/b
"""


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder, programs = tmp_path / "tables", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    (programs / "crontab").write_text(
        _CRONTAB.format(tables=folder, cat=shutil.which("cat"), rm=shutil.which("rm"))
    )
    (programs / "crontab").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(crontab, "LOCK", str(tmp_path / "lock"))
    return folder


@pytest.fixture
def box(tables: Path, tmp_path: Path) -> Box:
    return Box(tables, context(tmp_path / "roots"))


def test_first_job_of_a_user_is_added(box: Box, tables: Path) -> None:
    args = {"minute": "5", "hour": 3, "comment": "hello", "identifier": "ida"}
    assert box.run("cron.present", "/bin/a", test=True, **args).comment == "Cron /bin/a is set to be added"
    outcome = box.cycle("cron.present", "/bin/a", **args)
    assert (outcome.comment, outcome.changes) == ("Cron /bin/a added to root's crontab", {"root": "/bin/a"})
    box.run("cron.present", "/bin/a", **args)
    assert (tables / "root").read_text() == f"{TAG}\n# hello SALT_CRON_IDENTIFIER:ida\n5 3 * * * /bin/a\n"
    assert box.run("cron.present", "/bin/a", **args).comment == "Cron /bin/a already present"


def test_job_is_found_by_its_identifier_and_updated(box: Box, tables: Path) -> None:
    (tables / "root").write_text(MINE)
    outcome = box.cycle("cron.present", "/bin/new", minute=6, identifier="ida")
    assert outcome.comment == "Cron /bin/new updated"
    assert outcome.changes == {"root": "/bin/new"}


def test_command_is_the_identifier_unless_told(box: Box, tables: Path) -> None:
    box.run("cron.present", "/bin/d", minute="random")
    assert "# SALT_CRON_IDENTIFIER:/bin/d\n" in (tables / "root").read_text()
    assert box.run("cron.present", "/bin/d", minute="random").comment == "Cron /bin/d already present"


@pytest.mark.parametrize(
    "args",
    [
        {"special": "@hourly"},
        {"commented": True},
        {"user": "nobody"},
        {"minute": "*/5", "comment": "two\nlines"},
    ],
)
def test_jobs_of_all_kinds_are_set_and_taken_back(box: Box, tables: Path, args: dict[str, object]) -> None:
    (tables / "root").write_text(MINE)
    box.cycle("cron.present", "/bin/c --x='a=b'", **args)


@pytest.mark.parametrize(
    ("name", "args"),
    [("/bin/a", {"identifier": "ida"}), ("/bin/b", {"special": "@daily"}), ("/bin/x", {"identifier": "ida"})],
)
def test_job_is_removed(box: Box, tables: Path, name: str, args: dict[str, str]) -> None:
    (tables / "root").write_text(MINE)
    assert box.run("cron.absent", name, test=True, **args).comment == f"Cron {name} is set to be removed"
    outcome = box.cycle("cron.absent", name, **args)
    assert (outcome.comment, outcome.changes) == (f"Cron {name} removed from root's crontab", {"root": name})


def test_job_that_is_not_there_is_left_alone(box: Box) -> None:
    assert box.run("cron.absent", "/bin/a", test=True).comment == "Cron /bin/a is absent"
    assert box.run("cron.absent", "/bin/a").comment == "Cron /bin/a already absent"


def test_time_that_is_none_is_refused_in_a_trial_too(box: Box) -> None:
    outcome = box.run("cron.present", "/bin/e", test=True, minute="99;x")
    assert outcome.result is False
    assert "is no time of a crontab" in outcome.comment


def test_variable_is_set_changed_and_removed(box: Box, tables: Path) -> None:
    (tables / "root").write_text(MINE)
    outcome = box.cycle("cron.env_present", "B", value="x@y")
    assert (outcome.comment, outcome.changes) == ("Cron env B added to root's crontab", {"root": "B"})
    assert box.cycle("cron.env_present", "A", value=2).comment == "Cron env A updated"
    assert box.run("cron.env_present", "A", value="1").comment == "Cron env A already present"
    assert box.cycle("cron.env_absent", "A").comment == "Cron env A removed from root's crontab"
    assert box.run("cron.env_absent", "B").comment == "Cron env B already absent"


def test_file_becomes_the_whole_crontab(box: Box, tables: Path, tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/tab").write_text("0 1 * * * /bin/x\n")
    (tables / "root").write_text("0 2 * * * /bin/x\n")
    diff = "--- \n+++ \n@@ -1 +1 @@\n-0 2 * * * /bin/x\n+0 1 * * * /bin/x\n"
    would = box.run("cron.file", "salt://tab", test=True)
    assert would.comment == f"The following values are set to be changed:\ndiff: {diff}\n"
    outcome = box.cycle("cron.file", "salt://tab")
    assert (outcome.comment, outcome.changes) == ("Crontab for user root was updated", {"diff": diff})
    box.run("cron.file", "salt://tab")
    assert box.run("cron.file", "salt://tab").comment == "Crontab for user root is in the correct state"


def test_file_that_is_not_served_fails(box: Box) -> None:
    outcome = box.run("cron.file", "salt://nosuch", test=True)
    assert outcome.comment == "Source file salt://nosuch not found in saltenv 'base'"
    assert outcome.result is False


def test_way_back_leaves_a_crontab_that_was_changed_since(box: Box, tables: Path) -> None:
    box.run("cron.present", "/bin/a")
    with (tables / "root").open("a") as file:
        file.write("1 1 * * * theirs\n")
    with pytest.raises(Exception, match="was changed since"):
        box.undo()
    assert "theirs" in (tables / "root").read_text()


def test_user_who_is_made_earlier_in_the_run_is_promised_a_job(box: Box) -> None:
    assert box.run("cron.present", "/bin/a", test=True, user="no-such-user").result is None
    step = box.plan("cron.present", "/bin/a", user="no-such-user").steps[0]
    box.journal.steps.append(step)
    box.undo()  # of what was never done
