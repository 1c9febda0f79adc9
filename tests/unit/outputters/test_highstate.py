"""The rules of `highstate`, one by one, and what no box may do with it. Whole pages are in `tests/cases/highstate`."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.outputters import render
from shoal.outputters.terminal import is_unsafe
from shoal.state_look import OUTPUTS, StateLook

NASTY = "\x00\x1b[2J\x9b31m\u202e\u2028\ud800\r\nweb-2:\n    True\n----------"
CLEAN_LINE = "  Name: a - Function: cmd.run - Result: Clean - Started: 10:00:00.000000 - Duration: 1.5 ms"


def state(tag: Any = "cmd_|-a_|-a_|-run", **fields: Any) -> dict[Any, Any]:
    """Return one state by its tag; `...` leaves a field out."""
    whole = {
        "name": "a",
        "changes": {},
        "result": True,
        "comment": "done",
        "__run_num__": 0,
        "__id__": "a",
        "__sls__": "main",
        "start_time": "10:00:00.000000",
        "duration": 1.5,
        **fields,
    }
    return {tag: {name: value for name, value in whole.items() if value is not ...}}


def several(*results: bool | None, **fields: Any) -> dict[str, Any]:
    return {
        f"cmd_|-{number}_|-{number}_|-run": {**one, "__run_num__": number, "result": result}
        for number, result in enumerate(results)
        for one in state(**fields).values()
    }


def shown(value: Any, **look: Any) -> list[str]:
    """Return the lines for one minion without its name."""
    heading, *lines = render({"m": value}, "highstate", states=StateLook(**look)).split("\n")
    assert heading == "m:"
    return lines


def summary(value: Any, **look: Any) -> list[str]:
    lines = shown(value, **look)
    return lines[lines.index("Summary for m") :]


BLOCK = f"""\
----------
          ID: a
    Function: cmd.run
      Result: True
     Comment: done
     Started: 10:00:00.000000
    Duration: 1.5 ms
     Changes:{"   "}

Summary for m
------------
Succeeded: 1
Failed:    0
------------
Total states run:     1
Total run time:   1.500 ms"""


def test_state_is_a_block() -> None:
    assert "\n".join(shown(state())) == BLOCK


@pytest.mark.parametrize(
    ("fields", "line", "there"),
    [
        ({"tag": "cmd_|-a_|-echo b_|-run"}, "        Name: echo b", True),
        ({"tag": "cmd_|-a_|-a_|-run"}, "        Name: a", False),
        ({"comment": "  one\n\ntwo\n"}, "     Comment: one\n              \n              two", True),
        ({"comment": ["a", "b"]}, "     Comment: ['a', 'b']", True),
        ({"comment": ...}, "     Comment: ", True),
        ({"result": None}, "      Result: None", True),
        ({"start_time": ...}, "    Duration: 1.5 ms", False),
        ({"duration": ...}, "    Duration: ", True),
        ({"duration": "5 ms"}, "    Duration: 5 ms", True),
        ({"changes": ["a"]}, "     Changes:   Invalid Changes data: ['a']", True),
        ({"changes": {"a": 1}}, "\n".join(["     Changes:   ", *("              " + line for line in (
            "----------", "a:", "    1"))]), True),
        ({"changes": None}, "     Changes:   ", True),
        ({"changes": ...}, "     Changes:   ", True),
        ({"warnings": ["mind", "the gap"]}, "    Warnings: mind the gap", True),
        ({"warnings": []}, "    Warnings: ", True),
        ({"warnings": "gap"}, "    Warnings: gap", True),
        ({"warnings": ["word " * 20]}, "    Warnings: " + " ".join(["word"] * 13) + "\n              "
         + " ".join(["word"] * 7), True),
    ],
)  # fmt: skip
def test_lines_of_a_block(fields: dict[str, Any], line: str, there: bool) -> None:
    assert (f"\n{line}\n" in "\n".join(["", *shown(state(**fields))])) is there


@pytest.mark.parametrize(
    ("fields", "look", "line"),
    [
        ({}, {}, CLEAN_LINE),
        ({"changes": {"x": 1}}, {}, CLEAN_LINE.replace("Clean", "Changed")),
        ({"result": None, "changes": {"x": 1}}, {}, CLEAN_LINE.replace("Clean", "Differs")),
        ({"result": False, "changes": {"x": 1}}, {}, CLEAN_LINE.replace("Clean", "Failed")),
        ({}, {"output_profile": False}, "  Name: a - Function: cmd.run - Result: Clean"),
        ({"start_time": ...}, {}, "  Name: a - Function: cmd.run - Result: Clean"),
        ({"tag": "cmd_|-a_|-b_|-run"}, {}, CLEAN_LINE.replace("Name: a", "Name: b")),
        ({"tag": "cmd_|-a_|-b_|-run"}, {"output": "terse_id"}, CLEAN_LINE),
        ({}, {"tabular": True}, "10:00:00.000000 [    1.5 ms]        cmd.run        Clean     Name: a"),
        ({}, {"tabular": True, "output_profile": False}, "       cmd.run        Clean     Name: a"),
        ({"warnings": ["mind", "gap"]}, {}, f"Warnings:\nmind\ngap{CLEAN_LINE}"),
    ],
)
def test_states_on_one_line(fields: dict[str, Any], look: dict[str, Any], line: str) -> None:
    lines = "\n".join(shown(state(**fields), **{"output": "terse", **look}))
    assert lines.startswith(f"{line}\n\nSummary")


@pytest.mark.parametrize(
    ("output", "ways"),
    [
        ("full", "block block block block"),
        ("terse", "line line line line"),
        ("mixed", "line line line block"),
        ("changes", "line block block block"),
        ("filter", "line none none block"),
    ],
)
@pytest.mark.parametrize("suffix", ["", "_id"])
def test_look_of_each_result(output: str, ways: str, suffix: str) -> None:
    look = {"output": output + suffix, "output_terse": ("True",), "output_exclude": ("None",)}
    cases: list[dict[str, Any]] = [
        {},
        {"result": None},
        {"result": None, "changes": {"x": 1}},
        {"result": False},
    ]
    found = []
    for fields in cases:
        first, *_ = shown(state(**fields), **look)
        found.append("block" if first == "----------" else "line" if first else "none")
    assert " ".join(found) == ways


@pytest.mark.parametrize("look", [{"verbose": False}, {"output_diff": True}])
def test_clean_states_can_be_left_out(look: dict[str, Any]) -> None:
    lines = shown(several(True, False, None), output="terse", **look)
    assert [line[8] for line in lines if line.startswith("  Name")] == ["1", "2"]
    assert "Total states run:     3" in lines
    assert "          ID: a" in shown(state(changes={"x": 1}), **look)


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        ({}, ["-----------", "Succeeded: 0", "Failed:   0", "-----------", "Total states run:    0",
              "Total run time:  0.000 ms"]),
        (several(None, True, changes={"x": 1}), ["------------", "Succeeded: 2 (unchanged=1, changed=2)",
              "Failed:    0", "------------", "Total states run:     2", "Total run time:   3.000 ms"]),
        (several(*[False] * 10, warnings=["x"]), ["-------------", "Succeeded:  0", "Failed:    10", "Warnings:  10",
              "-------------", "Total states run:     10", "Total run time:   15.000 ms"]),
    ],
)  # fmt: skip
def test_summary(value: Any, lines: list[str]) -> None:
    assert summary(value) == ["Summary for m", *lines]


def test_warnings_are_counted_where_states_are_blocks() -> None:
    assert not [line for line in summary(state(warnings=["x"]), output="terse") if "Warnings" in line]


@pytest.mark.parametrize(
    ("took", "line"),
    [
        (0, "Total run time:   0.000 ms"),
        (999, "Total run time: 999.000 ms"),
        (999.5, "Total run time:   1.000 s"),
        (123456789, "Total run time: 123456.789 s"),
        ("7.5 ms", "Total run time:   7.500 ms"),
        ("soon", "Total run time:   0.000 ms"),
        (..., "Total run time:   0.000 ms"),
    ],
)
def test_total_time(took: Any, line: str) -> None:
    assert summary(state(duration=took))[-1] == line


def test_percentages() -> None:
    lines = summary(several(True, None, False), output_pct=True)
    assert lines[4:6] == ["Success %: 66.67", "Failure %: 33.33"]
    assert len(summary({}, output_pct=True)) == len(summary({}))


def test_states_stand_in_the_order_in_which_they_ran() -> None:
    runs = dict(reversed(several(*[True] * 12).items()))
    names = [line.split()[1] for line in shown(runs, output="terse") if line.startswith("  Name")]
    assert names == [str(number) for number in range(12)]


def test_minions_stand_in_the_order_in_which_they_came() -> None:
    text = render({"b": True, "a": "x\ny"}, "highstate")
    assert text == "b:\n    True\na:\n    x\n    y"


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (["one", "two\nmore"],
         ["    Data failed to compile:", "----------", "    one", "----------", "    two", "    more"]),
        ([], ["    Data failed to compile:"]),
        ("Pillar failed", ["    Pillar failed"]),
        (5, ["    5"]),
        ({"os": "Debian"}, ["    ----------", "    os:", "        Debian"]),
    ],
)  # fmt: skip
def test_other_returns(value: Any, lines: list[str]) -> None:
    assert shown(value) == lines


def test_what_is_no_state_stands_before_the_states() -> None:
    assert shown({"note": "x", **state()}) == [
        "    ----------",
        "    note:",
        "        x",
        *BLOCK.split("\n"),
    ]


def test_runs_inside_an_orchestration() -> None:
    inner = {"ret": {"edge-1": state(changes={"x": 1})}, "out": "highstate"}
    lines = shown(state(changes=inner))
    assert lines[8:10] == ["              edge-1:", "              ----------"]
    assert "              Summary for edge-1" in lines
    assert "Succeeded: 1 (changed=1)" in lines
    unchanged = {"ret": {"edge-1": state()}, "out": "highstate"}
    assert shown(state(changes=unchanged), verbose=False)[0] == ""


def test_names_of_one_id_in_one_entry() -> None:
    runs = {
        f"pkg_|-tools_|-{name}_|-installed": one
        for number, name in enumerate(["vim", "git", "jq"])
        for one in state(
            __id__="tools",
            name=name,
            __run_num__=number,
            changes={name: "new"} if name != "jq" else {},
            warnings=[name],
            result=name != "git" or None,
        ).values()
    }
    lines = shown(runs, compress_ids=True)
    assert lines[1:4] == [
        "          ID: tools (2)",
        "    Function: pkg.installed",
        "        Name: state_compressed_main_tools_True",
    ]
    assert "    Warnings: vim jq" in lines
    assert "    Duration: 3.0 ms" in lines
    assert "Succeeded: 3 (unchanged=1, changed=2)" in lines


def test_functions_of_one_id_are_counted_once() -> None:
    runs = {
        **state("file_|-a_|-b_|-managed"),
        **state("file_|-a_|-a_|-symlink"),
        **state("file_|-a_|-c_|-managed"),
    }
    lines = shown(runs, compress_ids=True, output="terse_id")
    assert "Total states run:     3" in lines
    assert len([line for line in lines if line.startswith("  Name: a")]) == 2


@pytest.mark.parametrize(
    ("value", "heading"),
    [
        (several(True), "\x1b[0;32mm:"),
        (several(None, False), "\x1b[0;31mm:"),
        (several(False, None, True), "\x1b[0;1;33mm:"),
        (["error"], "\x1b[0;1;31mm:"),
        ("text", "\x1b[0;36mm:"),
    ],
)
def test_colour_of_the_name_says_how_it_went(value: Any, heading: str) -> None:
    assert render({"m": value}, "highstate", colour=True).startswith(f"{heading}\x1b[0;0m\n")


@pytest.mark.parametrize("result", ["True", 2, [], {}, 0.5])
def test_result_of_no_known_kind_is_a_failure(result: Any) -> None:
    assert "Failed:    1" in shown(state(result=result))


@pytest.mark.parametrize("tag", ["", "x", "a_|-b", "a_|-b_|-c", "a_|-b_|-c_|-d_|-e", 5, None, b"x"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_state_with_an_odd_tag_goes_by_its_own_id(tag: Any, output: str) -> None:
    lines = shown(state(tag), output=output)
    assert any(line.startswith(("          ID: a", "  Name: a")) for line in lines)


@pytest.mark.parametrize(
    "field",
    ["name", "changes", "comment", "__run_num__", "__id__", "__sls__", "start_time", "duration", "warnings"],
)
@pytest.mark.parametrize(
    "look", [{}, {"output": "terse"}, {"output": "terse", "tabular": True}, {"compress_ids": True}]
)
def test_whatever_a_box_sends_is_shown_harmlessly(field: str, look: dict[str, Any]) -> None:
    values = (..., None, True, "", NASTY, b"\xff", -1, 2**64, 1.5, [], [NASTY, None], {NASTY: [NASTY]})
    for value in values:
        odd = {field: value}
        for tag in ("cmd_|-a_|-a_|-run", f"{NASTY}_|-{NASTY}_|-{NASTY}_|-{NASTY}", "x"):
            text = "\n".join(shown({**state(tag, **odd), **state("cmd_|-a_|-b_|-run", **odd)}, **look))
            assert not [char for char in text if is_unsafe(ord(char))]
            text.encode("utf-8")


@pytest.mark.parametrize(
    "place", ["tag", "comment", "name", "result", "warnings", "start_time", "changes", "error", "key", "text"]
)
@pytest.mark.parametrize("look", [{}, {"output": "terse"}, {"output": "terse", "tabular": True}])
def test_box_cannot_pretend_to_be_another_minion(place: str, look: dict[str, Any]) -> None:
    evil = "x\nweb-2:\n    True\n"
    values: dict[str, Any] = {
        "tag": state(f"cmd_|-{evil}_|-{evil}_|-run"),
        "warnings": state(warnings=[evil, "web-2:  ", "end"]),
        "changes": state(changes={evil: evil}),
        "error": [evil, "web-2:"],
        "key": {evil: evil},
        "text": evil,
    }
    value = values[place] if place in values else state(**{place: evil})
    assert not [line for line in shown(value, **look) if line.startswith("web-2:")]


@pytest.mark.parametrize(
    "text",
    ["x" * 100, "word " * 20, "-" * 100, "a-" * 50, "x\n" * 50],
    ids=["word", "words", "dashes", "hyphens", "lines"],
)
@pytest.mark.parametrize("place", ["comment", "warnings"])
def test_megabytes_are_shown_whole(text: str, place: str) -> None:
    long = text * 10_000
    lines = shown(state(**{place: [long] if place == "warnings" else long}))
    assert sum(line.count(text[0]) for line in lines) >= long.count(text[0])


def test_warning_that_is_too_long_to_be_wrapped_keeps_its_lines() -> None:
    long = " ".join(["word"] * 2000)
    assert shown(state(warnings=[long, "end"]))[8:10] == [f"    Warnings: {long}", "              end"]


def test_depth_does_not_matter() -> None:
    value: Any = True
    for _ in range(16):  # more than the wire lets through
        value = state(changes={"ret": {"m": value}, "out": "highstate"})
    assert shown(value)[-1].startswith("Total run time")
