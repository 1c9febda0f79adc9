"""`cron.*` on a crontab program that keeps its tables in a folder of the test's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.cron import crontab
from modules.cron.tab import TAG, Job, Tab, as_read
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError

Ask = Callable[[str], Any]

# Keeps a table for each user in its own folder. Says what Debian's says.
_CRONTAB = """#!/bin/sh
user=me
[ "$1" != -u ] || {{ user=$2; shift 2; }}
table=${{0%/*}}/table.$user
case $user$1 in
eve-l) echo "crontab: the spool is broken" >&2; exit 1 ;;
*-l) [ -e "$table" ] || {{ echo "no crontab for $user" >&2; exit 1; }}; {cat} "$table" ;;
*-) {cat} > "$table.given"
    case $({cat} "$table.given") in *broken*) echo "errors in crontab file, can't install." >&2; exit 1 ;; esac
    {cat} "$table.given" > "$table" ;;
esac
"""

SALTS = f"""# mine
MAILTO=me
0 0 * * * old
{TAG}
PATH=/bin:/usr/bin
EMPTY=""
# by night SALT_CRON_IDENTIFIER:backup
5 3 * * * /usr/local/sbin/backup  --all
# SALT_CRON_IDENTIFIER:NO ID SET
*/5 * * * * echo 'a = b'
# two
# lines
#DISABLED#1 2 3 4 5 off
# SALT_CRON_IDENTIFIER:boot
@reboot echo up
odd line
# the last word
"""


@pytest.fixture(autouse=True)
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Only the fake is on the PATH."""
    program = tmp_path / "crontab"
    program.write_text(_CRONTAB.format(cat=shutil.which("cat")))
    program.chmod(0o755)
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    monkeypatch.setattr(crontab, "LOCK", str(tmp_path / "lock"))
    return tmp_path


@pytest.fixture
def table(tables: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the table of `bob`, who is somebody else, with what Salt wrote."""
    path = tables / "table.bob"
    path.write_text(SALTS)
    return path


def managed(table: Path) -> str:
    """Return what is below the tag."""
    return table.read_text().partition(f"{TAG}\n")[2]


@pytest.mark.usefixtures("table")
def test_what_salt_wrote_is_understood(ask: Ask) -> None:
    found = ask("cron.ls bob")
    assert found["pre"] == ["# mine", "MAILTO=me", "0 0 * * * old"]
    assert found["env"] == [{"name": "PATH", "value": "/bin:/usr/bin"}, {"name": "EMPTY", "value": ""}]
    times = ("minute", "hour", "daymonth", "month", "dayweek")
    assert found["crons"] == [
        {
            **dict(zip(times, ("5", "3", "*", "*", "*"), strict=True)),
            **{"cmd": "/usr/local/sbin/backup  --all", "identifier": "backup", "comment": "by night"},
            "commented": False,
        },
        {
            **dict(zip(times, ("*/5", "*", "*", "*", "*"), strict=True)),
            **{"cmd": "echo 'a = b'", "identifier": None, "comment": None, "commented": False},
        },
        {
            **dict(zip(times, "12345", strict=True)),
            **{"cmd": "off", "identifier": None, "comment": "two\nlines", "commented": True},
        },
    ]
    assert found["special"] == [
        {"spec": "@reboot", "cmd": "echo up", "identifier": "boot", "comment": None, "commented": False}
    ]
    assert ask("cron.raw_cron bob") == SALTS


def test_text_is_kept_as_it_is() -> None:
    assert Tab.read(SALTS).text() == SALTS
    assert Tab.read("").text() == f"{TAG}\n"
    assert Tab.read("# mine").text() == f"# mine\n{TAG}\n"


@pytest.mark.usefixtures("tables")
def test_user_without_a_crontab(ask: Ask) -> None:
    assert ask("cron.raw_cron bob") == ""
    assert ask("cron.list_tab bob") == {"pre": [], "crons": [], "special": [], "env": []}
    assert ask("cron.rm_job bob x") == "absent"
    assert ask("cron.get_entry bob cmd=x") is False


def test_first_job_of_a_user(ask: Ask, tables: Path) -> None:
    assert (
        ask(
            "cron.set_job bob '*' 1-5 '*/2' jan,feb mon 'echo  \"two  words\"' comment='why\nso' identifier=x"
        )
        == "new"
    )
    expected = '# why\n# so SALT_CRON_IDENTIFIER:x\n* 1-5 */2 jan,feb mon echo  "two  words"\n'
    assert (tables / "table.bob").read_text() == f"{TAG}\n{expected}"


def test_job_is_changed_in_place_and_the_rest_kept(ask: Ask, table: Path) -> None:
    line = "cron.set_job bob 6 3 '*' '*' '*' /usr/local/sbin/backup2 identifier=backup"
    assert ask(line) == "updated"
    assert ask(line) == "present"
    old, new = "5 3 * * * /usr/local/sbin/backup  --all", "6 3 * * * /usr/local/sbin/backup2"
    assert table.read_text() == SALTS.replace(old, new)  # the comment stays: none was given


@pytest.mark.parametrize(
    ("line", "answer", "old", "new"),
    [
        ("cron.set_job bob 1 2 3 4 5 off commented=true", "present", "", ""),
        ("cron.set_job bob 1 2 3 4 5 off", "updated", "#DISABLED#1", "1"),
        ("cron.set_job bob 1 2 3 4 5 off commented=true comment=''", "updated", "# two\n# lines\n", ""),
        (
            "cron.set_job bob 1 2 3 4 5 off commented=true identifier=off",
            "updated",
            "# lines\n",
            "# lines SALT_CRON_IDENTIFIER:off\n",
        ),
        ("cron.set_special bob @reboot 'echo up'", "present", "", ""),
        (
            "cron.set_special bob @daily 'echo down' identifier=boot",
            "updated",
            "@reboot echo up",
            "@daily echo down",
        ),
        ("cron.set_job bob 1 2 3 4 5 'echo up' identifier=boot", "updated", "@reboot", "1 2 3 4 5"),
        ("cron.set_env bob PATH /bin:/usr/bin", "present", "", ""),
        ("cron.set_env bob EMPTY ''", "present", "", ""),
        ("cron.set_env bob PATH /bin", "updated", "PATH=/bin:/usr/bin", "PATH=/bin"),
        ("cron.set_env bob NEW 'a b'", "new", "# by night", "NEW=a b\n# by night"),
        ("cron.rm_env bob PATH", "removed", "PATH=/bin:/usr/bin\n", ""),
        ("cron.rm_env bob MAILTO", "absent", "", ""),  # above the tag: not ours
        ("cron.rm_job bob old", "absent", "", ""),
        ("cron.rm bob off", "removed", "# two\n# lines\n#DISABLED#1 2 3 4 5 off\n", ""),
        ("cron.rm_job bob off minute=7", "absent", "", ""),
        (
            "cron.rm_job bob off minute=1 dayweek=5",
            "removed",
            "# two\n# lines\n#DISABLED#1 2 3 4 5 off\n",
            "",
        ),
        ("cron.rm_job bob 'echo up'", "absent", "", ""),
        ("cron.rm_special bob 'echo up' special=@daily", "absent", "", ""),
        ("cron.rm_special bob 'echo up'", "removed", "# SALT_CRON_IDENTIFIER:boot\n@reboot echo up\n", ""),
        (
            "cron.rm_special bob identifier=boot",
            "removed",
            "# SALT_CRON_IDENTIFIER:boot\n@reboot echo up\n",
            "",
        ),
        ("cron.rm_job bob off identifier=other", "removed", "# two\n# lines\n#DISABLED#1 2 3 4 5 off\n", ""),
        ("cron.rm_job bob '/usr/local/sbin/backup  --all' identifier=other", "absent", "", ""),
    ],
)
def test_only_what_is_meant_changes(
    ask: Ask, table: Path, line: str, answer: str, old: str, new: str
) -> None:
    assert ask(line) == answer
    assert table.read_text() == SALTS.replace(old, new, 1)
    assert old in SALTS


def test_same_command_with_two_identifiers_is_two_jobs(ask: Ask, tables: Path) -> None:
    ask("cron.set_job bob 1 '*' '*' '*' '*' run identifier=a")
    assert ask("cron.set_job bob 2 '*' '*' '*' '*' run identifier=b") == "new"
    assert ask("cron.set_job bob 3 '*' '*' '*' '*' run identifier=a") == "updated"
    found = ask("cron.list_tab bob")["crons"]
    assert [(each["minute"], each["identifier"]) for each in found] == [("3", "a"), ("2", "b")]
    assert ask("cron.get_entry bob identifier=b")["minute"] == "2"
    assert ask("cron.get_entry bob cmd=run")["minute"] == "3"


def test_random_stays_what_it_is(ask: Ask, tables: Path) -> None:
    line = "cron.set_job bob random random random random random run"
    assert ask(line) == "new"
    first = (tables / "table.bob").read_text()
    assert ask(line) == "present"
    (tables / "table.bob").unlink()
    assert ask(line) == "new"
    assert (tables / "table.bob").read_text() == first
    job = ask("cron.get_entry bob cmd=run")
    assert 0 <= int(job["minute"]) < 60
    assert 0 <= int(job["hour"]) < 24
    assert 1 <= int(job["daymonth"]) <= 28
    assert 1 <= int(job["month"]) <= 12
    assert 0 <= int(job["dayweek"]) <= 6
    ask("cron.set_job bob 7 '*' '*' '*' '*' run")
    assert ask("cron.set_job bob random '*' '*' '*' '*' run") == "present"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("cron.set_job bob '* ' 1 1 1 1 x", "minute '[*] ' is no time"),
        ("cron.set_job bob 1 1 1 1 '1\n* * * * * evil' x", "dayweek .* is no time"),
        ("cron.set_job bob 1 1 1 1 1 'x\n* * * * * evil'", "cmd must be one line"),
        ("cron.set_job bob 1 1 1 1 1 ' '", "cmd must be one line and not empty"),
        ("cron.set_job bob 1 1 1 1 1 x identifier='a\nb'", "identifier must be one line"),
        ("cron.set_job bob 1 1 1 1 1 x comment='SALT_CRON_IDENTIFIER:y'", "must not hold"),
        ("cron.set_job bob 1 1 1 1 1 x comment='a\rb'", "must not hold"),
        ("cron.set_special bob @never x", "one of @reboot"),
        ("cron.set_env bob 'A B' x", "cannot be a variable's name"),
        ("cron.set_env bob A 'x\ny'", "value must be one line"),
        ("cron.rm_job bob", "which job"),
        ("cron.get_entry bob", "needs an identifier or a cmd"),
        ("cron.raw_cron -l", "cannot be the name of a user"),
    ],
)
def test_what_would_become_another_line_is_refused(ask: Ask, table: Path, line: str, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        ask(line)
    assert table.read_text() == SALTS


def test_error_is_not_taken_for_an_empty_table(ask: Ask, tables: Path) -> None:
    with pytest.raises(CommandError, match="return code 1: crontab: the spool is broken"):
        ask("cron.set_env eve A b")
    assert not (tables / "table.eve").exists()


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("A=1 2 3 4 5 6", "A", "1 2 3 4 5 6"),
        ("A = b", "A", "b"),
        ("A=", "A", ""),
        ("A=''", "A", ""),
        ("A=b=c", "A", "b=c"),
    ],
)
def test_variable_is_no_job(line: str, name: str, value: str) -> None:
    found = Tab.read(f"{TAG}\n{line}\n").described()
    assert (found["env"], found["crons"]) == ([{"name": name, "value": value}], [])


def test_table_that_is_too_long_to_read_is_left_alone(ask: Ask, table: Path) -> None:
    table.write_text("# long\n" * 80_000)
    with pytest.raises(ModuleError, match="is left alone"):
        ask("cron.set_env bob A b")
    assert table.stat().st_size == 560_000


def test_crontab_that_refuses_is_told(ask: Ask, table: Path) -> None:
    with pytest.raises(CommandError, match="errors in crontab file, can't install"):
        ask("cron.set_job bob 1 1 1 1 1 broken")
    assert table.read_text() == SALTS


def test_header_of_an_old_crontab_does_not_pile_up(ask: Ask, table: Path) -> None:
    table.write_text(f"# DO NOT EDIT THIS FILE - edit the master and reinstall.\n# (a)\n# (b)\n{SALTS}")
    assert ask("cron.raw_cron bob") == SALTS


def test_box_without_cron_says_so(ask: Ask, tables: Path) -> None:
    (tables / "crontab").unlink()
    with pytest.raises(UnavailableError, match="install cron or cronie"):
        ask("cron.list_tab bob")


def test_whole_table_comes_from_a_file(ask: Ask, table: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("1 1 1 1 1 all")
    assert ask(f"cron.write_cron_file bob {source}") is True
    assert table.read_text() == "1 1 1 1 1 all\n"
    source.write_bytes(b"\0")
    with pytest.raises(ModuleError, match="is no crontab"):
        ask(f"cron.write_cron_file bob {source}")
    source.write_bytes(b"\xff")
    with pytest.raises(ModuleError, match="is not text"):
        ask(f"cron.write_cron_file bob {source}")
    with pytest.raises(ModuleError, match="cannot be read: No such file"):
        ask("cron.write_cron_file bob /nowhere/tab")


def test_own_table_needs_no_root(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    me = pwd.struct_passwd(("bob", "x", 4242, 1, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: me)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    assert crontab._crontab("bob")[1:] == []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert crontab._crontab("bob")[1:] == ["-u", "bob"]


_LINES = st.text(st.characters(blacklist_characters="\r\0", blacklist_categories=("Cs",)), max_size=30)


@given(comment=_LINES, commented=st.booleans(), identifier=st.sampled_from([None, "x", "a b"]))
def test_job_that_was_written_is_read_back(comment: str, commented: bool, identifier: str | None) -> None:
    job = Job(
        when=tuple("1****"), cmd="run", comment=as_read(comment), commented=commented, identifier=identifier
    )
    tab = Tab.read(f"{TAG}\n{job.text()}\n")
    assert [each for _, each in tab.jobs()] == [job]


@given(text=_LINES)
def test_whatever_is_in_a_table_is_kept(text: str) -> None:
    whole = f"{TAG}\n{text}\n"
    assert Tab.read(whole).text() == whole
