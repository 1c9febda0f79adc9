"""bash's line up to the cursor, as words."""

from __future__ import annotations

import pytest

from shoal.completion.line import split

BASH = " \t\n\"'@><=;|&(:"
LINES: dict[
    str, tuple[str, list[str], str, str]
] = {  # what stands there, words, begun, what bash replaces of it
    "nothing is begun": ("shoal ", ["shoal"], "", ""),
    "a word": ("shoal we", ["shoal"], "we", "we"),
    "a quoted word": ("shoal '*' te", ["shoal", "*"], "te", "te"),
    "an open quote": ("shoal 'we", ["shoal"], "we", "we"),
    "an open double quote": ('shoal "we', ["shoal"], "we", "we"),
    "an empty quote": ("shoal '", ["shoal"], "", ""),
    "a closed quote": ("shoal '' x", ["shoal", ""], "x", "x"),
    "blanks in quotes": ("shoal 'a b' \"c d\" e", ["shoal", "a b", "c d"], "e", "e"),
    "a backslash": ("shoal a\\ b c", ["shoal", "a b"], "c", "c"),
    "a backslash in quotes": ('shoal \'a\\b\' "c\\"d" e', ["shoal", "a\\b", 'c"d'], "e", "e"),
    "behind an equals sign": ("shoal --out=js", ["shoal"], "--out=js", "js"),
    "behind a colon": ("shoal -G os:De", ["shoal", "-G"], "os:De", "De"),
    "a colon in quotes": ("shoal -G 'os:De", ["shoal", "-G"], "os:De", "os:De"),
    "a quote behind an equals sign": ("shoal --out='js", ["shoal"], "--out=js", "js"),
    "several blanks": ("shoal   -v\t x", ["shoal", "-v"], "x", "x"),
}


@pytest.mark.parametrize(("text", "words", "begun", "replaced"), LINES.values(), ids=LINES.keys())
def test_line_is_split_as_bash_does(text: str, words: list[str], begun: str, replaced: str) -> None:
    line = split(text, BASH)
    assert (line.words, line.begun, line.begun[line.kept :]) == (words, begun, replaced)


def test_breaks_are_those_of_the_user() -> None:
    assert split("shoal --out=js", " \t\n").kept == 0
