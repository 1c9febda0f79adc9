"""How command lines become requests, and which are refused before anything is asked."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import FakeMaster, done, job, returned

PLAIN: dict[str, Any] = {
    "op": "run",
    "target": {"kind": "glob", "expr": "*", "delimiter": ":"},
    "fun": "test.ping",
    "args": [],
    "kwargs": {},
    "from_text": True,
    "no_parse": [],
    "timeout_s": 0.0,
    "job_timeout_s": 0.0,
    "mode": "",
    "channel": "",
    "queue_ttl_s": 0.0,
    "batch": "",
    "batch_wait_s": 0.0,
    "subset": 0,
    "failhard": False,
    "async": False,
    "metadata": {},
    "returners": [],
}


def run_and_take(cli: Cli, master: FakeMaster, *words: str) -> dict[str, Any]:
    master.says(job("a"), returned("a"), done())
    assert cli("shoal", *words).code == 0
    return master.requests[-1]


def test_plain_request(cli: Cli, master: FakeMaster) -> None:
    assert run_and_take(cli, master, "*", "test.ping") == PLAIN


CHANGES: dict[str, tuple[list[str], dict[str, Any]]] = {
    "timeout": (["-t", "30"], {"timeout_s": 30.0}),
    "timeout, joined": (["-t30"], {"timeout_s": 30.0}),
    "job timeout": (["--job-timeout", "1.5"], {"job_timeout_s": 1.5}),
    "batch": (["-b", "5"], {"batch": "5"}),
    "batch, per cent": (["--batch-size", "10%"], {"batch": "10%"}),
    "batch wait": (["--batch=2", "--batch-wait=3"], {"batch": "2", "batch_wait_s": 3.0}),
    "failhard": (["--failhard"], {"failhard": True}),
    "subset": (["--subset=3"], {"subset": 3}),
    "no parse": (["--no-parse=name,mode"], {"no_parse": ["name", "mode"]}),
    "queue": (["--queue"], {"mode": "queue", "queue_ttl_s": 86400.0}),
    "queue for a while": (["--queue=90m"], {"mode": "queue", "queue_ttl_s": 5400.0}),
    "desired": (["--desired"], {"mode": "desired"}),
    "desired in a channel": (
        ["--desired=net", "--queue=2d"],
        {"mode": "desired", "channel": "net", "queue_ttl_s": 172800.0},
    ),
    "now": (["--now"], {"mode": "now"}),
    "metadata, name and value": (["--metadata", "ticket=A-17"], {"metadata": {"ticket": "A-17"}}),
    "metadata, json": (["--metadata", '{"n": [1]}'], {"metadata": {"n": [1]}}),
    "returners": (["--return", "sql,slack"], {"returners": ["sql", "slack"]}),
    "words stay words": (["", "1", "k=v", "{a: 1}", "0755"], {"args": ["", "1", "k=v", "{a: 1}", "0755"]}),
    "negative numbers are words": (["-1", "-0.5", "-"], {"args": ["-1", "-0.5", "-"]}),
    "a command with options in one word": (["ls -l", "-x -y"], {"args": ["ls -l", "-x -y"]}),
    "after -- everything is a word": (["a", "--", "-l", "--out=json"], {"args": ["a", "-l", "--out=json"]}),
    "an option between words": (["a", "-t", "7", "b"], {"args": ["a", "b"], "timeout_s": 7.0}),
}


@pytest.mark.parametrize(("words", "change"), CHANGES.values(), ids=CHANGES.keys())
def test_options_and_words(cli: Cli, master: FakeMaster, words: list[str], change: dict[str, Any]) -> None:
    assert run_and_take(cli, master, "*", "test.ping", *words) == PLAIN | change


TARGETS = {
    "-E": "pcre", "--pcre": "pcre", "-L": "list", "--list": "list", "-G": "grain", "--grain": "grain",
    "-P": "grain_pcre", "--grain-pcre": "grain_pcre", "-I": "pillar", "--pillar": "pillar",
    "-J": "pillar_pcre", "--pillar-pcre": "pillar_pcre", "-S": "ipcidr", "--ipcidr": "ipcidr",
    "-N": "nodegroup", "--nodegroup": "nodegroup", "-C": "compound", "--compound": "compound",
    "-T": "tag", "--tag": "tag",
}  # fmt: skip


@pytest.mark.parametrize(("flag", "kind"), TARGETS.items())
def test_target_letters(cli: Cli, master: FakeMaster, flag: str, kind: str) -> None:
    request = run_and_take(cli, master, flag, "x|y", "test.ping", "--delimiter", "|")
    assert request["target"] == {"kind": kind, "expr": "x|y", "delimiter": "|"}


def test_arguments_from_stdin(cli: Cli, master: FakeMaster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("-l\nb c\n"))
    request = run_and_take(cli, master, "*", "test.arg", "a", "--args-stdin")
    assert request["args"] == ["a", "-l", "b c"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-d"], ("*", [])),
        (["web*", "-d"], ("web*", [])),
        (["*", "-d", "cmd.run"], ("*", ["cmd.run"])),
        (["*", "-d", "sys.doc", "pkg"], ("*", ["pkg"])),
    ],
)
def test_documentation(
    cli: Cli, master: FakeMaster, words: list[str], expected: tuple[str, list[str]]
) -> None:
    request = run_and_take(cli, master, *words)
    assert request["fun"] == "sys.doc"
    assert (request["target"]["expr"], request["args"]) == expected


BATCH = "-b/--batch/--batch-size"
REFUSED: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "no target: shoal '<target>' <module.function> [arguments]; see shoal --help"),
    "no function": (["web*"], "no function: shoal 'web*' <module.function> [arguments]; see shoal --help"),
    "two functions": (
        ["*", "test.ping,test.version"],
        "one function a call, 'test.ping,test.version' has 2: call shoal once for each of them",
    ),
    "no such option": (
        ["*", "cmd.run", "ls", "-x"],
        "no such option: -x (write -- before words that begin with a dash); see shoal --help",
    ),
    "no such long option": (
        ["*", "cmd.run", "--user=root"],
        "no such option: --user=root (write -- before words that begin with a dash); see shoal --help",
    ),
    "no shortened options": (
        ["*", "test.ping", "--verb"],
        "no such option: --verb (write -- before words that begin with a dash); see shoal --help",
    ),
    "two target letters": (
        ["-G", "-E", "x", "test.ping"],
        "argument -E/--pcre: not allowed with argument -G/--grain; see shoal --help",
    ),
    "bad timeout": (
        ["*", "test.ping", "-t", "soon"],
        "argument -t/--timeout: a number of seconds expected, not 'soon'; see shoal --help",
    ),
    "negative timeout": (
        ["*", "test.ping", "-t", "-1"],
        "argument -t/--timeout: a number of seconds expected, not '-1'; see shoal --help",
    ),
    "not a number": (
        ["*", "test.ping", "-t", "nan"],
        "argument -t/--timeout: a number of seconds expected, not 'nan'; see shoal --help",
    ),
    "bad batch": (
        ["*", "test.ping", "-b", "0"],
        f"argument {BATCH}: a number or a percentage expected (5 or 10%), not '0'; see shoal --help",
    ),
    "batch of too many per cent": (
        ["*", "test.ping", "-b", "101%"],
        f"argument {BATCH}: a number or a percentage expected (5 or 10%), not '101%'; see shoal --help",
    ),
    "bad subset": (
        ["*", "test.ping", "--subset", "-3"],
        "argument --subset: a whole number from 1 up expected, not '-3'; see shoal --help",
    ),
    "bad metadata": (
        ["*", "test.ping", "--metadata", "x"],
        "argument --metadata: a JSON object or name=value expected, not 'x'; see shoal --help",
    ),
    "option without its value": (
        ["*", "test.ping", "--out"],
        "argument --out/--output: expected one argument; see shoal --help",
    ),
    "bytes that are no text": (["*", "test.ping", "caf\udce9"], "not UTF-8: 'caf\\udce9'; see shoal --help"),
    "too much documentation": (
        ["*", "-d", "a.b", "c.d"],
        "-d takes one module or function at a time: shoal '*' -d cmd.run",
    ),
}


@pytest.mark.parametrize(("words", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_command_line_is_refused(cli: Cli, master: FakeMaster, words: list[str], text: str) -> None:
    assert cli("shoal", *words) == (64, "", f"shoal: {text}\n")
    assert master.requests == []


def test_unknown_output_is_refused_before_the_job(cli: Cli, master: FakeMaster) -> None:
    ran = cli("shoal", "*", "test.ping", "--out=jason")
    assert (ran.code, ran.out, master.requests) == (64, "", [])
    assert ran.err == "shoal: --out: unknown outputter 'jason'. Did you mean 'json'?\n"


@pytest.mark.parametrize("program", ["shoal", "shoal-key", "shoal-run"])
def test_version_and_help(cli: Cli, program: str) -> None:
    ran = cli(program, "--version")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{program} 0.")
    ran = cli(program, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"usage: {program} [options]")
