"""Text that a shell, a path or a terminal would act on stays text on every way to a process (attack list 21)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from master.cli.client import Refused
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.rogue import job_in

SHOW = "import sys, json; print(json.dumps(sys.argv[1:]))"
DRIVES_A_TERMINAL = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]"
ESCAPES = (
    "\x1b[2J\x1b[31mred", "\x1b]0;title\x07", "\x1b]52;c;cm0gLXJm\x07", "\x9b31m", "\x1bP+q544e\x1b\\", "a\rb",
    "a\x08\x08b", "\u202egpj.exe", "\u2066hidden\u2069", "\x00", "\x7f", "\u2028line", "\x1b[6n",
)  # fmt: skip


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """A file that is there after the test if anything was executed."""
    folder = tmp_path / "t"
    folder.mkdir()
    yield folder / "sprung"
    assert sorted(folder.iterdir()) == [], "something in the text was executed, or made a file"


def _evil(trap: Path) -> list[str]:
    """Return texts that make the file `trap` if anybody acts on them."""
    return [
        f"; touch {trap}", f"$(touch {trap})", f"`touch {trap}`", f"a\ntouch {trap}\n", f"' ; touch {trap} ; '",
        f'" ; touch {trap} ; "', f"| touch {trap}", f"&& touch {trap}", f"& touch {trap} &", f"> {trap}",
        f">> {trap}", f"<(touch {trap})", f"${{IFS}}touch${{IFS}}{trap}", f"\\'; touch {trap}; #",
        f"a\r\ntouch {trap}", f"!touch {trap}", f"{{touch,{trap}}}", f"x=$((`touch {trap}`))",
        f"--output={trap}", f"-o{trap}", "-rf", "--help", "-", "--", "-c", f"import os; os.system('touch {trap}')",
        f"{{{{ cmd('touch {trap}') }}}}", "%s%n$0 $1 ${HOME} ~ * ?", "\t", " a  b ", "'", '"', "\\", "é\u202e",
        "a;b", "$PATH",
    ]  # fmt: skip


def _run(arena: Arena, fun: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Run on the good minion; values as given, nothing is read as text."""
    answers = arena.run(GOOD, fun, *args, kwargs=kwargs)
    answer: dict[str, Any] = answers[GOOD]
    return answer


def _ret(arena: Arena, fun: str, *args: Any, **kwargs: Any) -> Any:
    answer = _run(arena, fun, *args, **kwargs)
    assert answer["success"], answer
    return answer["ret"]


# ------------------------------------------------------------------ arguments of a process


@pytest.mark.parametrize("fun", ["cmd.run", "cmd.run_stdout"])
def test_each_word_of_a_list_is_one_argument(arena: Arena, trap: Path, fun: str) -> None:
    evil = _evil(trap)
    assert json.loads(_ret(arena, fun, ["python3", "-c", SHOW, *evil])) == evil
    assert json.loads(_ret(arena, fun, ["python3", "-c", SHOW, *evil], python_shell=True)) == evil


def test_typed_text_is_one_line_for_the_shell_however_it_looks(arena: Arena, trap: Path) -> None:
    """`[ -d / ]` is a line that people type: what looks like a list is none, and is not taken apart either."""
    done = arena.fleet.shoal(GOOD, "cmd.run", "[ -d / ] && echo '; id' \"$#\" [ 'a b' ]")
    assert done.stdout == f"{GOOD}:\n    ; id 0 [ a b ]\n"


def test_program_of_a_list_is_started_by_its_name_only(arena: Arena, trap: Path) -> None:
    for text in _evil(trap):
        answer = _run(arena, "cmd.run", [text])
        assert not answer["success"], text
        assert str(answer["ret"]).count("\n") == 0, "one line"


def test_text_without_a_shell_is_words(arena: Arena, trap: Path) -> None:
    line = f"python3 -c '{SHOW}' a; touch {trap} $(touch {trap}) `id` > {trap} && b | c"
    expected = [f"a;touch{trap}", "$(touch", f"{trap})", "`id`", ">", str(trap), "&&", "b", "|", "c"]
    assert json.loads(_ret(arena, "cmd.run", line, python_shell=False)) == [
        "a;",
        "touch",
        str(trap),
        *expected[1:],
    ]


def test_text_for_a_shell_is_one_argument_to_the_shell(arena: Arena, trap: Path) -> None:
    """The contract of `cmd.run`: the line is the shell's to read, all of it, and nobody else reads it."""
    assert _ret(arena, "cmd.run", "echo 'a;b' \"$0\" '$(id)' | tr a x") == "x;b /bin/sh $(id)".replace(
        "/bin/sh", "/bin/sh"
    )
    assert _ret(arena, "cmd.shell", "printf '%s\\n' \"$#\"", python_shell=False) == "0"


@pytest.mark.parametrize("fun", ["cmd.which", "cmd.has_exec"])
def test_name_that_is_looked_up_is_not_started(arena: Arena, trap: Path, fun: str) -> None:
    for text in [*_evil(trap), f"sh; touch {trap}", "sh -c id", "sh\0", "", "../../bin/sh\n", "."]:
        assert not _ret(arena, fun, text), text
    assert not _ret(arena, "cmd.which_bin", _evil(trap))


def test_arguments_of_a_script_are_words(arena: Arena, trap: Path, tmp_path: Path) -> None:
    script = tmp_path / "a script; touch sprung"
    script.write_text(f"#!/usr/bin/env python3\n{SHOW}\n")
    evil = _evil(trap)
    script.chmod(0o755)
    assert json.loads(_ret(arena, "cmd.script", str(script), args=evil)["stdout"]) == evil
    done = _ret(arena, "cmd.script", str(script), args=f"'$(touch {trap})' ; touch {trap} `id` > {trap}")
    assert json.loads(done["stdout"]) == [f"$(touch {trap})", ";", "touch", str(trap), "`id`", ">", str(trap)]
    for text in _evil(trap):
        assert not _run(arena, "cmd.script", text)["success"]


def test_code_and_its_arguments_are_words(arena: Arena, trap: Path) -> None:
    evil = _evil(trap)
    assert json.loads(_ret(arena, "cmd.exec_code", "python3", SHOW, args=evil)) == evil
    for text in evil:
        assert not _run(arena, "cmd.exec_code", text, "print(1)")["success"], text


# ------------------------------------------------------------------ what goes with a process


def test_user_to_run_as_is_a_name_and_nothing_else(arena: Arena, trap: Path) -> None:
    for text in [*_evil(trap), f"root; touch {trap}", "root\0", "root\n", "0", "#0", "../root", "-u root"]:
        answer = _run(arena, "cmd.run", "id", runas=text)
        assert not answer["success"], text
        assert "there is no such user" in answer["ret"]


def test_folder_to_run_in_is_a_path_and_nothing_else(arena: Arena, trap: Path, tmp_path: Path) -> None:
    for text in _evil(trap):
        answer = _run(arena, "cmd.run", ["pwd"], cwd=text)
        assert not answer["success"], text
    folder = tmp_path / "a; touch b $(touch c)\n`touch d`"
    folder.mkdir()
    assert _ret(arena, "cmd.run", ["pwd", "-P"], cwd=str(folder)) == str(folder)
    assert list(folder.iterdir()) == []


def test_value_of_a_variable_is_a_value(arena: Arena, trap: Path) -> None:
    evil = {f"EVIL{number}": text for number, text in enumerate(_evil(trap))}
    show = "import os, json; print(json.dumps({k: v for k, v in os.environ.items() if k[:4] == 'EVIL'}))"
    for shell in ("/bin/sh", "/bin/bash"):
        assert json.loads(_ret(arena, "cmd.run", f'python3 -c "{show}"', env=evil, shell=shell)) == evil
    line = " ".join(f'"${name}"' for name in evil)
    assert _ret(arena, "cmd.run", f"printf '%s.' {line}", env=evil) == "".join(
        f"{text}." for text in evil.values()
    )


def test_name_of_a_variable_is_a_name(arena: Arena, trap: Path) -> None:
    """Also of one that old shells took for a function and ran (CVE-2014-6271)."""
    for text in _evil(trap):
        answer = _run(arena, "cmd.run", ["true"], env={text: f"() {{ :; }}; touch {trap}"})
        assert answer["success"] is ("=" not in text), text
        _run(arena, "cmd.run", "true", env={text: f"() {{ :; }}; touch {trap}"}, shell="/bin/bash")
    for name in ("", "a=b", "a\0b"):
        assert not _run(arena, "cmd.run", ["true"], env={name: "x"})["success"]


@pytest.mark.parametrize("option", ["shell", "umask", "timeout", "stdin"])
def test_other_options_are_what_they_say(arena: Arena, trap: Path, option: str) -> None:
    for text in _evil(trap):
        answer = _run(arena, "cmd.run", "cat", **{option: text})
        assert answer["success"] is (option == "stdin"), text
        if option == "stdin":
            assert answer["ret"] == text.replace("\r\n", "\n").rstrip() or answer["ret"] == text.rstrip()


# ------------------------------------------------------------------ what others choose


def test_names_that_minions_choose_are_printed_and_not_acted_on(arena: Arena, trap: Path) -> None:
    """Ids are checked (see test_impersonation); grains are free, and are matched and shown as text."""
    evil = _evil(trap)
    insider = arena.insider("grainy")
    insider.facts({"os": "Rogue", "evil": evil, **{text: text for text in evil if text}}, digest=b"e")
    arena.until("the grains", lambda: _selects(arena, "grain", "evil:;*"))
    for text in evil:
        word = re.sub(r"([*?\[])", r"[\1]", text)
        assert _selects(arena, "grain", f"evil:{word}") or ":" in text, text
    for kind in ("glob", "pcre", "list", "grain", "compound", "nodegroup", "tag", "ipcidr"):
        for text in evil:
            _selects(arena, kind, text)


def _selects(arena: Arena, kind: str, text: str) -> bool:
    target = {"kind": kind, "expr": text, "delimiter": ":"}
    try:
        return "grainy" in arena.ask({"op": "preview", "target": target})["ids"]
    except Refused as refused:
        assert refused.kind in ("target", "usage", "no_match")
        return False


def test_arguments_reach_the_minion_as_they_were_typed(arena: Arena, trap: Path) -> None:
    evil = [
        text for text in _evil(trap) if text.isprintable() and text[:1] != '"'
    ]  # JSON's text is read as text
    done = arena.fleet.shoal("--out=json", "--static", GOOD, "test.arg", "--", *evil)
    shown = json.loads(done.stdout)[GOOD]
    assert len(shown["args"]) + len(shown["kwargs"]) == len(evil)
    assert set(shown["args"]) <= set(evil)


# ------------------------------------------------------------------ the operator's terminal


@pytest.mark.parametrize(
    "out", ["nested", "txt", "yaml", "json", "raw", "pprint", "table", "newline_values_only"]
)
def test_escape_sequences_from_a_minion_do_not_reach_the_terminal(arena: Arena, out: str) -> None:
    for value in ("".join(ESCAPES), {text: [text] for text in ESCAPES}):
        done = arena.fleet.shoal(f"--out={out}", "--static", GOOD, "test.echo", json.dumps(value))
        assert GOOD in done.stdout or out == "newline_values_only"
        _is_harmless(done.stdout + done.stderr)
    done = arena.fleet.shoal(f"--out={out}", GOOD, "cmd.run", "printf '\\033[31mred\\033]0;t\\007'; exit 3")
    assert "red" in done.stdout
    _is_harmless(done.stdout + done.stderr)


def test_escape_sequences_in_errors_grains_tags_and_events_do_not_either(arena: Arena) -> None:
    insider = arena.insider("painter")
    insider.facts({"os": "".join(ESCAPES), **{text: text for text in ESCAPES}}, digest=b"e")
    for text in ("\x1b[31mred", "".join(each for each in ESCAPES if each != "\0")):
        for words in ((GOOD, f"test.{text}"), (text, "test.ping"), (GOOD, "cmd.run", text), ("-C", text, "test.ping"),
                      (GOOD, "test.ping", f"{text}=1"), ("-G", f"os:{text}", "test.ping", "-t", "0.1")):  # fmt: skip
            done = arena.fleet.shoal(*words)
            _is_harmless(done.stdout + done.stderr)
    for program, words in (
        ("shoal-run", ("jobs.list_jobs",)),
        ("shoal-key", ("-L",)),
        ("shoal-run", ("manage.status",)),
    ):
        done = arena.fleet.program(program, *words)
        _is_harmless(done.stdout + done.stderr)


def _is_harmless(shown: str) -> None:
    found = re.findall(
        r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]", shown
    )
    assert not found, (sorted(set(found)), shown)


def test_job_frames_carry_lists_not_lines(arena: Arena, trap: Path) -> None:
    insider = arena.insider("reader")
    evil = _evil(trap)
    arena.run("reader", "cmd.run", ["echo", *evil], timeout_s=0.1)
    assert list(job_in(insider.next_published()).args) == [["echo", *evil]]
