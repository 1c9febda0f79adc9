"""What may stand at a place of a command line."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import pytest

from shoal.command_line import CommandLine, files
from shoal.completion.answer import FILES, answer
from shoal.completion.candidates import find
from shoal.completion.dotted import offered
from shoal.errors import ShoalError


def targets(options: argparse.Namespace, begun: str) -> Iterable[str]:
    return [f"{options.kind}-1", f"{options.kind}-{options.level}"]


def refused(options: argparse.Namespace, begun: str) -> Iterable[str]:
    raise ShoalError("nobody answers")


def parser() -> CommandLine:
    made = CommandLine(prog="prog", allow_abbrev=False)
    made.bare_values = {"--queue": "--queue=24h"}
    add = made.add_argument
    add("-L", "--list", dest="kind", action="store_const", const="list", help="minion ids")
    made.set_defaults(kind="glob")
    add("-l", "--level", choices=("debug", "info"), default="none")
    add("-y", "--yes", action="store_true", help="100%% sure")
    add("--queue", metavar="TTL")
    add("--folder", metavar="DIR")
    add("--times", metavar="N")
    add("--minion", metavar="ID")
    add("--secret", help=argparse.SUPPRESS)
    made.add_completion()
    made.offer(targets, lambda _options, _begun: ["test.ping", "test.arg"], files, minion=targets)
    return made


PLACES: dict[str, tuple[list[str], str, list[str]]] = {
    "the first word": ([], "", ["glob-1", "glob-none"]),
    "begun": ([], "glob-n", ["glob-none"]),
    "nothing fits": ([], "x", []),
    "options count": (["-L"], "", ["list-1", "list-none"]),
    "values count": (["--level=info"], "", ["glob-1", "glob-info"]),
    "values behind a blank count": (["-l", "info"], "", ["glob-1", "glob-info"]),
    "values in one word count": (["-yLlinfo"], "", ["list-1", "list-info"]),
    "the second word": (["*"], "test.", ["test.arg", "test.ping"]),
    "an option between": (["*", "-y"], "test.p", ["test.ping"]),
    "after two dashes": (["--"], "", ["glob-1", "glob-none"]),
    "a dash after two dashes": (["--"], "-", []),
    "a value": (["-l"], "", ["debug", "info"]),
    "a value of short options": (["-yl"], "d", ["debug"]),
    "a value behind an equals sign": ([], "--level=i", ["--level=info"]),
    "an offered value": (["--minion"], "glob-1", ["glob-1"]),
    "a value nobody knows": (["--times"], "", []),
    "a value that may be left out": (["--queue"], "glob-1", ["glob-1"]),
    "no such option": ([], "--nope=", []),
    "an option without a value": ([], "--yes=", []),
    "long options": ([], "--l", ["--level", "--list"]),
    "a value that can be left out": ([], "--q", ["--queue", "--queue="]),
    "what is hidden": ([], "--s", []),
    "an unknown option is passed": (["--nope", "x"], "test.p", ["test.ping"]),
}


@pytest.mark.parametrize(("words", "begun", "expected"), PLACES.values(), ids=PLACES.keys())
def test_place(words: list[str], begun: str, expected: list[str]) -> None:
    assert [each.text for each in find(parser(), words, begun).candidates] == expected


def test_options_are_explained() -> None:
    found = {each.text: each.help for each in find(parser(), [], "-").candidates}
    assert (found["-L"], found["--list"], found["-y"]) == ("minion ids", "minion ids", "100% sure")


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["--folder", ""], FILES), (["--folder=x"], FILES), (["a", "b", ""], FILES), (["a", "b", "c", "d"], FILES),
     (["--times", ""], 0), ([""], 0), (["-"], 0)],
)  # fmt: skip
def test_shell_completes_files_where_files_stand(words: list[str], expected: int) -> None:
    assert answer(parser(), ["zsh", *words])[1] == expected


@pytest.mark.parametrize("begun", ["-", "--", "--q", "--qu", "--queue"])
def test_word_that_goes_on_is_never_the_only_answer(begun: str) -> None:
    found = [each.text for each in find(parser(), [], begun).candidates]
    assert len(found) > 1 and "--queue=" in found
    assert find(parser(), [], "--queue=").candidates == []


def test_commands_have_options_of_their_own() -> None:
    made = CommandLine(prog="prog")
    join = made.add_subparsers(dest="command").add_parser("join")
    join.add_argument("--force", action="store_true")
    assert [each.text for each in find(made, [], "").candidates] == ["join"]
    assert [each.text for each in find(made, ["join"], "--f").candidates] == ["--force"]


def test_bash_gets_what_it_replaces() -> None:
    assert answer(parser(), ["bash", " =:", "prog -y --level=i"]) == ("info\n", 0)
    assert answer(parser(), ["bash", " ", "prog -y --level=i"]) == ("--level=info\n", 0)


def test_trouble_is_no_candidates() -> None:
    made = parser()
    made.offer(refused)
    assert answer(made, ["fish", ""]) == ("", 0)


@pytest.mark.parametrize("text", ["two words", "a\x1b[31m", "a\nb"])
def test_hostile_words_are_left_out(text: str) -> None:
    made = parser()
    made.offer(lambda _options, _begun: [text, "good"])
    assert answer(made, ["fish", ""]) == ("good\n", 0)


@pytest.mark.parametrize("question", [[], ["bash"], ["bash", " "], ["zsh"], ["nosuch", ""]])
def test_broken_questions_are_answered(question: list[str]) -> None:
    text, code = answer(parser(), question)
    assert isinstance(text, str) and code in (0, FILES)


LISTED = "pkg: install remove\npkgrepo: list\ntest: ping arg\n"


@pytest.mark.parametrize(
    ("begun", "expected"),
    [
        ("", ["pkg.", "pkgrepo.", "test."]),
        ("p", ["pkg.", "pkgrepo."]),
        ("t", ["test.ping", "test.arg"]),
        ("pkg.", ["pkg.install", "pkg.remove"]),
        ("pkg.i", ["pkg.install", "pkg.remove"]),
        ("x", []),
        ("x.", []),
    ],
)
def test_modules_come_before_their_functions(begun: str, expected: list[str]) -> None:
    assert offered(LISTED, begun) == expected
