"""`shadow.*`: no hash where it does not belong, and real programs on an /etc of the test's own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.shadow import entry
from modules.shadow.crypt_hash import check_hash
from modules.shadow.entry import ShadowEntry
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.private_box import PrivateBox, private_box

__all__ = ["private_box"]
Ask = Callable[[str], Any]
HASH = "$6$abcdefgh$" + "x" * 86
needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")


@pytest.fixture(autouse=True)
def shadow_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads the machine's own file."""
    path = tmp_path / "shadow"
    path.write_text(
        f"root:*:19000:0:99999:7:::\nalice:!{HASH}:20000:1:90:7:14:21000:\nbob::::::::\nodd line\n"
    )
    monkeypatch.setattr(entry, "PATH", str(path))
    return path


def test_hash_is_told_only_when_asked_for(ask: Ask) -> None:
    found = ask("shadow.info alice")
    assert found == {
        **{"name": "alice", "passwd": "!********", "lstchg": 20000, "min": 1, "max": 90, "warn": 7},
        **{"inact": 14, "expire": 21000},
    }
    assert ask("shadow.info alice reveal=true") == {**found, "passwd": f"!{HASH}"}
    assert ask("shadow.info bob")["lstchg"] == -1
    assert set(ask("shadow.info nobody-there").values()) == {""}
    assert ask("shadow.list_users") == ["alice", "bob", "root"]


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("", ""),
        ("!", "!"),
        ("!!", "!!"),
        ("*", "*"),
        ("!*", "!*"),
        (HASH, "********"),
        ("aBcDeFgHiJkLm", "********"),
    ],
)
def test_marks_are_shown_and_hashes_masked(field: str, shown: str) -> None:
    read = ShadowEntry.read(f"a:{field}:1:2:3:4:5:6:")
    assert read is not None
    assert read.masked == shown


def test_file_that_cannot_be_read_is_told(
    ask: Ask, shadow_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "MAX_BYTES", 10)
    with pytest.raises(ModuleError, match="is larger than 10 bytes"):
        ask("shadow.list_users")
    shadow_file.unlink()
    with pytest.raises(ModuleError, match="cannot be read: No such file"):
        ask("shadow.list_users")


def test_hash_goes_in_by_stdin_and_is_in_no_error(ask: Ask, programs: FakePrograms) -> None:
    programs.say("chpasswd", err=f"chpasswd: line 1: {HASH} is no good\n", code=1)
    with pytest.raises(CommandError) as caught:
        ask(f"shadow.set_password alice '{HASH}'")
    assert programs.calls() == [["chpasswd", "--encrypted"]]
    assert programs.stdin() == f"alice:{HASH}\n"
    assert HASH not in str(caught.value)
    assert "return code 1" in str(caught.value)


def test_program_that_only_claims_to_have_done_it_is_not_believed(ask: Ask, programs: FakePrograms) -> None:
    programs.add("chpasswd")
    programs.say("usermod", err="usermod: unlocking would result in a passwordless account\n")
    programs.add("chage")
    with pytest.raises(ModuleError, match="does not hold the new password of alice"):
        ask(f"shadow.set_password alice '{HASH}'")
    with pytest.raises(ModuleError, match="alice stays locked"):
        ask("shadow.unlock_password alice")
    with pytest.raises(ModuleError, match="does not hold the new value"):
        ask("shadow.set_maxdays alice 91")


@pytest.mark.parametrize(
    "text", ["", "secret", "aBcDeFgHiJkLm", "$6$a:b$" + "x" * 20, f"{HASH}\nroot:x", "$6$short"]
)
def test_what_is_no_hash_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ArgumentError, match="must be a hash") as caught:
        check_hash(text)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [HASH, f"!{HASH}", "!", "*", "!!", "$y$j9T$abc/def.$" + "a" * 43, "$5$rounds=5000$abcd$" + "x" * 43],
)
def test_hashes_of_all_sorts_are_fine(text: str) -> None:
    assert check_hash(text) == text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("shadow.set_date alice 20000", None),
        ("shadow.set_date alice 2024-10-04", None),
        ("shadow.set_maxdays alice 90", None),
        ("shadow.set_mindays alice 1", None),
        ("shadow.set_warndays alice 7", None),
        ("shadow.set_inactdays alice 14", None),
        ("shadow.set_expire alice 21000", None),
        ("shadow.lock_password alice", None),
        ("shadow.unlock_password root", None),
        ("shadow.del_password bob", None),
    ],
)
def test_what_is_so_already_starts_nothing(
    ask: Ask, programs: FakePrograms, line: str, expected: None
) -> None:
    assert ask(line) is True
    assert programs.calls() == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("shadow.set_date alice tomorrow", "is no day"),
        ("shadow.set_date alice 2026-02-30", "is no day"),
        ("shadow.set_maxdays alice -2", "out of range"),
        ("shadow.set_warndays alice 1000000", "out of range"),
        ("shadow.lock_password --root", "cannot be the name"),
        ("shadow.lock_password eve", "has no entry"),
        ("shadow.gen_password 'two\nlines'", "must be one line"),
        (f"shadow.gen_password {'x' * 251}", "must be one line"),
        ("shadow.gen_password x crypt_salt='$6$'", "crypt_salt must be"),
    ],
)
def test_what_cannot_be_is_told(ask: Ask, line: str, message: str) -> None:
    with pytest.raises(ModuleError, match=message):
        ask(line)


@needs_openssl
def test_real_hash_is_the_one_that_openssl_checks(ask: Ask) -> None:
    made = ask("shadow.gen_password 'it is a secret' crypt_salt=abcdefgh")
    argv = ["openssl", "passwd", "-6", "-salt", "abcdefgh", "it is a secret"]
    assert made == subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    assert ask("shadow.gen_password x algorithm=sha256").startswith("$5$")
    assert ask("shadow.gen_password x") != ask("shadow.gen_password x")  # a salt of its own each time
    assert check_hash(made) == made


def test_password_is_hashed_by_what_there_is(ask: Ask, programs: FakePrograms) -> None:
    with pytest.raises(UnavailableError, match="neither openssl nor mkpasswd"):
        ask("shadow.gen_password secret")
    programs.say("mkpasswd", f"{HASH}\n")
    assert ask("shadow.gen_password secret crypt_salt=ab") == HASH
    assert programs.calls() == [["mkpasswd", "-s", "-m", "sha-512", "-S", "ab"]]
    assert programs.stdin() == "secret\n"
    with pytest.raises(
        ModuleError, match="did not return a hash by sha256"
    ):  # some know other names of methods
        ask("shadow.gen_password secret algorithm=sha256")


def test_real_password_is_set_locked_and_taken_away(private_box: PrivateBox) -> None:
    answers = private_box.ask(
        "user.add alice createhome=false",
        "shadow.unlock_password alice",
        f"shadow.set_password alice '{HASH}'",
        "shadow.info alice reveal=true",
        "shadow.lock_password alice",
        "shadow.info alice",
        "shadow.unlock_password alice",
        "shadow.info alice reveal=true",
        "shadow.del_password alice",
        "shadow.info alice",
    )
    assert answers[0] is True
    assert "stays locked" in answers[1]["error"]
    assert answers[2] is True
    assert answers[3]["passwd"] == HASH
    assert answers[4] is True
    assert answers[5]["passwd"] == "!********"
    assert answers[6] is True
    assert answers[7]["passwd"] == HASH
    assert answers[8] is True
    assert answers[9]["passwd"] == ""


def test_real_ages_are_set(private_box: PrivateBox) -> None:
    answers = private_box.ask(
        "user.add alice createhome=false",
        "shadow.set_date alice 2026-01-31",
        "shadow.set_expire alice 2027-12-31",
        "shadow.set_maxdays alice 90",
        "shadow.set_mindays alice 2",
        "shadow.set_warndays alice 5",
        "shadow.set_inactdays alice 14",
        "shadow.set_expire alice -1",
        "shadow.set_inactdays alice -1",
        "shadow.set_date alice 0",
    )
    assert answers == [True] * len(answers)
    assert private_box.line("shadow", "alice")[2:] == ["0", "2", "90", "5", "", "", ""]
