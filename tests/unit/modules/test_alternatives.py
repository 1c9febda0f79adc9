"""Alternatives: the real update-alternatives on folders of the test's own; Red Hat's tool is a fake."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.alternatives import debian, redhat
from modules.alternatives.debian import parse_query
from modules.alternatives.group import Alternative
from modules.alternatives.redhat import parse_display
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
needs_debian = pytest.mark.skipif(
    not shutil.which("update-alternatives") or bool(shutil.which("alternatives")),
    reason="not Debian's family",
)
QUERY = """\
Name: editor
Link: /usr/bin/editor
Slaves:
 editor.1.gz /usr/share/man/man1/editor.1.gz
Status: manual
Best: /usr/bin/vim.basic
Value: /bin/nano

Alternative: /bin/nano
Priority: 40
Slaves:
 editor.1.gz /usr/share/man/man1/nano.1.gz

Alternative: /usr/bin/vim.basic
Priority: -3
"""
DISPLAY = """\
java - status is manual.
 link currently points to /usr/lib/jvm/java-17/bin/java
/usr/lib/jvm/java-17/bin/java - family java-17.x86_64 priority 1700
 slave jre: /usr/lib/jvm/java-17
 slave man: (null)
/opt/my java/bin/java - priority 5
 follower jre: /opt/jre
Current `best' version is /usr/lib/jvm/java-17/bin/java.
"""


def test_debians_query_is_understood() -> None:
    found = parse_query(QUERY)
    assert (found.name, found.link, found.status) == ("editor", "/usr/bin/editor", "manual")
    assert (found.best, found.value) == ("/usr/bin/vim.basic", "/bin/nano")
    slaves = {"editor.1.gz": "/usr/share/man/man1/nano.1.gz"}
    assert found.alternatives == (
        Alternative(path="/bin/nano", priority=40, slaves=slaves),
        Alternative(path="/usr/bin/vim.basic", priority=-3),
    )


def test_broken_link_has_no_value() -> None:
    assert parse_query("Name: x\nLink: /x\nStatus: auto\nValue: none\n").value == ""


def test_red_hats_display_is_understood() -> None:
    found = parse_display("java", DISPLAY, "/usr/bin/java")
    assert (found.status, found.link) == ("manual", "/usr/bin/java")
    assert found.value == found.best == "/usr/lib/jvm/java-17/bin/java"
    assert found.alternatives == (
        Alternative(
            path="/usr/lib/jvm/java-17/bin/java", priority=1700, slaves={"jre": "/usr/lib/jvm/java-17"}
        ),
        Alternative(path="/opt/my java/bin/java", priority=5, slaves={"jre": "/opt/jre"}),
    )


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders for the real tool, and two programs."""
    for name in ("alt", "admin", "bin"):
        (tmp_path / name).mkdir()
    for name in ("nano", "vim"):
        (tmp_path / "bin" / name).touch(0o755)
    folders = ("--altdir", f"{tmp_path}/alt", "--admindir", f"{tmp_path}/admin", "--log", f"{tmp_path}/log")
    monkeypatch.setattr(debian, "FOLDERS", folders)
    return tmp_path


@needs_debian
def test_alternatives_come_and_go(ask: Ask, root: Path) -> None:
    link, nano, vim = root / "bin/editor", str(root / "bin/nano"), str(root / "bin/vim")
    assert ask("alternatives.display editor") == ""
    assert ask(f"alternatives.check_exists editor {nano}") is False
    assert ask(f"alternatives.check_installed editor {nano}") is False
    assert f"using {nano} to provide {link}" in ask(f"alternatives.install editor {link} {nano} 10")
    ask(f"alternatives.install editor {link} {vim} 50")
    assert ask("alternatives.show_link editor") == str(link)
    assert ask("alternatives.show_current editor") == vim
    assert link.resolve() == Path(vim)
    ask(f"alternatives.set editor {nano}")
    assert link.resolve() == Path(nano)
    assert ask(f"alternatives.check_installed editor {nano}") is True
    assert ask(f"alternatives.check_installed editor {vim}") is False
    query = ask("alternatives.query editor")
    assert (query["status"], query["best"], query["alternatives"][vim]["priority"]) == ("manual", vim, 50)
    ask("alternatives.auto editor")
    assert ask("alternatives.show_current editor") == vim
    assert "link best version is" in ask("alternatives.display editor")
    ask(f"alternatives.remove editor {vim}")
    assert ask(f"alternatives.check_exists editor {vim}") is False
    assert ask(f"alternatives.remove editor {vim}") == ""
    assert link.resolve() == Path(nano)


@needs_debian
def test_what_is_not_there_is_told(ask: Ask, root: Path) -> None:
    for line in ("show_link nope", "show_current nope", "auto nope", "query nope"):
        with pytest.raises(ModuleError, match="nope: the box has no alternatives of that name"):
            ask(f"alternatives.{line}")
    with pytest.raises(ModuleError, match=r"is no alternative of editor: add it"):
        ask("alternatives.set editor /bin/ed")


@pytest.mark.parametrize("name", ["--all", "..", "a/b", "", "a b"])
def test_name_that_is_an_option_or_a_path_is_refused(ask: Ask, name: str) -> None:
    for line in ("display '{}'", "install '{}' /a /b 1", "set '{}' /b", "auto '{}'"):
        with pytest.raises(ArgumentError, match="is not the name of a group"):
            ask("alternatives." + line.format(name))


def test_path_must_be_absolute(ask: Ask) -> None:
    for line in ("install x --slave /b 1", "install x /a b 1", "set x --auto", "remove x b"):
        with pytest.raises(ArgumentError, match="absolute path"):
            ask(f"alternatives.{line}")


def test_red_hats_tool_is_taken_where_it_is(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    with pytest.raises(UnavailableError, match="neither update-alternatives nor alternatives"):
        ask("alternatives.display java")
    programs.say("update-alternatives", code=9)
    programs.say("alternatives", DISPLAY)
    (tmp_path / "admin").mkdir()
    (tmp_path / "admin/java").write_text("manual\n/usr/bin/java\njre\n")
    monkeypatch.setattr(redhat, "ADMIN", str(tmp_path / "admin"))
    assert ask("alternatives.show_link java") == "/usr/bin/java"
    assert ask("alternatives.check_exists java '/opt/my java/bin/java'") is True
    assert ask("alternatives.set java '/opt/my java/bin/java'") == DISPLAY.rstrip()
    assert programs.calls()[-1] == ["alternatives", "--set", "java", "/opt/my java/bin/java"]
    programs.say("alternatives")  # the tool says nothing of a name it does not know
    assert ask("alternatives.check_exists nope /x") is False
