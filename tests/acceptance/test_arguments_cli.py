"""Words of the command line on their way into a function: they stay what they look like, or the error says why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.at_work import answers
from tests.fleet import Fleet, short_folder


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """One minion is enough for what words become."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join("web-1")
        yield fleet


WORDS: list[tuple[str, Any]] = [
    ("16:10", "16:10"),
    ("0755", "0755"),
    ("0o755", "0o755"),
    ("0x10", "0x10"),
    ("1_000", "1_000"),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("2026-11-21", "2026-11-21"),
    ("12e", "12e"),
    ("1.2.3", "1.2.3"),
    ("~", "~"),
    ("", ""),
    ("two words", "two words"),
    ("Grüße", "Grüße"),
    ("{broken", "{broken"),
    ("'quoted'", "'quoted'"),
    ("1", 1),
    ("-5", -5),
    ("1.50", 1.5),
    ("1e3", 1000.0),
    ("true", True),
    ("False", False),
    ("null", None),
    ('{"a": [1, "16:10"]}', {"a": [1, "16:10"]}),
    ("[1, 2]", [1, 2]),
    ('"16"', "16"),
    ("C:\\new", "C:\\new"),
]


def test_words_become_what_they_look_like(fleet: Fleet) -> None:
    got = answers(fleet, "web-1", "test.arg", "--", *[word for word, _ in WORDS])
    assert got == {"web-1": {"args": [value for _, value in WORDS], "kwargs": {}}}


def test_named_words_become_what_they_look_like(fleet: Fleet) -> None:
    got = answers(
        fleet,
        "web-1",
        "test.arg",
        "v==1",
        "time=16:10",
        "n=5",
        'd={"a": 1}',
        "empty=",
        "eq=a=b",
        "my-key=1",
        "a.b=c",
    )
    assert got == {
        "web-1": {
            "args": ["v==1"],
            "kwargs": {
                "time": "16:10", "n": 5, "d": {"a": 1}, "empty": "", "eq": "a=b", "my-key": 1, "a.b": "c"
            },
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    "word", ["16:10", "0755", "1", "true", "null", "[1, 2]", "1e3", "url=x?a=b", "-1", "a==b"]
)
def test_text_parameter_takes_any_word_as_it_is(fleet: Fleet, word: str) -> None:
    assert answers(fleet, "web-1", "test.echo", word) == {"web-1": word}


def test_no_parse_keeps_an_argument_text(fleet: Fleet) -> None:
    assert answers(fleet, "web-1", "test.kwarg", "a=1", "b=1", "--no-parse=a") == {
        "web-1": {"a": "1", "b": 1}
    }


def test_words_after_the_dashes_are_no_options(fleet: Fleet) -> None:
    assert answers(fleet, "web-1", "--", "test.arg", "--out=raw", "-v")["web-1"]["args"] == [
        "--out=raw",
        "-v",
    ]


def test_more_words_come_from_stdin(fleet: Fleet) -> None:
    done = fleet.program(
        "shoal", "web-1", "test.arg", "1", "--args-stdin", "--out=json", "--static", stdin="16:10\nx y\n"
    )
    assert json.loads(done.stdout)["web-1"]["args"] == [1, "16:10", "x y"]


WRONG: list[tuple[list[str], str]] = [
    (["test.ping", "x"], "test.ping: too many arguments, 'x' has no place (usage: test.ping())"),
    (["test.echo"], "test.echo: 'text' is missing (usage: test.echo(text: str))"),
    (["test.echo", "a", "b"], "test.echo: too many arguments, 'b' has no place (usage: test.echo(text: str))"),
    (["test.echo", "a", "text=b"],
     "test.echo: 'text' is given twice, by position and by name (usage: test.echo(text: str))"),
    (["test.sleep", "long"], "test.sleep: 'length' must be a number, not 'long' (usage: test.sleep(length: float))"),
    (["test.sleep", "lenght=1"],
     "test.sleep: no parameter is called 'lenght', did you mean 'length'? (usage: test.sleep(length: float))"),
    (["test.sleep", "-1"], "test.sleep: 'length' is in seconds and cannot be -1"),
    (["test.pign"], "'test.pign' is not available. Did you mean: test.ping?"),
    (["tset.ping"], "'tset.ping' is not available. Did you mean: test.ping?"),
    (["test.zzz"], "'test.zzz' is not available. List its module with: sys.list_functions test"),
    (["zzz.zzz"], "'zzz.zzz' is not available. List the modules with sys.list_modules"),
    (["minion.find_job", "5"], "bad job id '5': 20 digits expected"),
    (["minion.signal_job", "20260101000000000000", "99"], "a signal is a number from 1 to 64, not 99"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "text"), WRONG, ids=[" ".join(words) for words, _ in WRONG])
def test_wrong_call_is_explained(fleet: Fleet, words: list[str], text: str) -> None:
    done = fleet.shoal("web-1", words[0], "--", *words[1:])
    assert done.stdout == f"web-1:\n    {text}\n"
    assert (done.stderr, done.returncode) == ("ERROR: Minions returned with non-zero exit code\n", 1)


def test_documentation_is_shown_once_for_all(fleet: Fleet) -> None:
    text = fleet.shoal("*", "-d", "test.echo").stdout
    assert text.startswith(
        "test.echo:\n\n    Return the text, exactly as it was given.\n\n    test.echo(text: str)\n"
    )
    assert fleet.shoal("*", "sys.doc", "test.echo").stdout == text


def test_documentation_of_nothing_is_a_failure(fleet: Fleet) -> None:
    done = fleet.shoal("*", "-d", "test.pign")
    assert done.stdout == "web-1: 'test.pign' is not available. Did you mean: test.ping?\n"
    assert done.returncode == 1
