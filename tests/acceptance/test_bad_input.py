"""Bad input gets one line that says what is wrong, where, and what to do; and the master lives on."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet import BIN, Fleet, free_ports, short_folder

USAGE, NO_MATCH, UNAVAILABLE, NOT_ALLOWED, CONFIG = 64, 2, 69, 77, 78


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master that outlives everything here, and one minion that still answers at the end."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(nodegroups={"webs": "web-*", "loop": "N@loop"})
        fleet.join("web-1", site="paris")
        yield fleet
        assert fleet.master
        assert fleet.master.alive
        assert "Traceback" not in fleet.master.text()
        assert fleet.shoal("*", "test.ping").stdout == "web-1:\n    True\n"


def check(done: subprocess.CompletedProcess[str], code: int, pattern: str) -> None:
    """Assert that a program said one line and nothing else."""
    assert done.stdout == ""
    assert re.fullmatch(rf"{pattern}\n", done.stderr), done.stderr
    assert done.returncode == code, done


# ------------------------------------------------------------------ command lines

COMMAND_LINES: list[tuple[list[str], int, str]] = [
    # shoal: options
    (["shoal"], USAGE, r"shoal: no target: shoal '<target>' <module\.function> \[arguments\]; see shoal --help"),
    (["shoal", "*"], USAGE, r"shoal: no function: shoal '\*' <module\.function> .*"),
    (["shoal", "*", ""], USAGE, r"shoal: no function: .*"),
    (["shoal", "*", "test.ping", "--sumary"], USAGE, r"shoal: no such option: --sumary \(write -- before .*"),
    (["shoal", "*", "test.ping", "-R"], USAGE, r"shoal: no such option: -R .*"),
    (["shoal", "-G", "-E", "*", "test.ping"], USAGE, r"shoal: argument -E/--pcre: not allowed with argument -G/--grain;.*"),
    (["shoal", "*", "test.ping", "-t", "soon"], USAGE, r"shoal: argument -t/--timeout: a number of seconds .* 'soon';.*"),
    (["shoal", "*", "test.ping", "-t", "-1"], USAGE, r"shoal: argument -t/--timeout: .*"),
    (["shoal", "*", "test.ping", "-t"], USAGE, r"shoal: argument -t/--timeout: expected one argument; .*"),
    (["shoal", "*", "test.ping", "-b", "0"], USAGE, r"shoal: argument -b.*: a number or a percentage expected .* '0';.*"),
    (["shoal", "*", "test.ping", "-b", "200%"], USAGE, r"shoal: argument -b.*'200%';.*"),
    (["shoal", "*", "test.ping", "-b", "few"], USAGE, r"shoal: argument -b.*'few';.*"),
    (["shoal", "*", "test.ping", "--batch-wait=x"], USAGE, r"shoal: argument --batch-wait: a number of seconds .*"),
    (["shoal", "*", "test.ping", "--subset=0"], USAGE, r"shoal: argument --subset: a whole number from 1 up expected.*"),
    (["shoal", "*", "test.ping", "--subset=half"], USAGE, r"shoal: argument --subset: .*"),
    (["shoal", "*", "test.ping", "--job-timeout=x"], USAGE, r"shoal: argument --job-timeout: .*"),
    (["shoal", "*", "test.ping", "--out=jason"], USAGE, r"shoal: --out: unknown outputter 'jason'\. Did you mean 'json'\?"),
    (["shoal", "*", "test.ping", "--out=xx"], USAGE, r"shoal: --out: unknown outputter 'xx'\. Use one of: json, .*"),
    (["shoal", "*", "test.ping", "--out-indent=x"], USAGE, r"shoal: argument --out-indent.*: invalid int value: 'x';.*"),
    (["shoal", "*", "test.ping", "--out-file=/nope/x"], USAGE, r"shoal: --out-file /nope/x cannot be written: No such .*"),
    (["shoal", "*", "test.ping", "--metadata=x"], USAGE, r"shoal: argument --metadata: a JSON object or name=value .*"),
    (["shoal", "*", "test.ping", "--metadata={"], USAGE, r"shoal: argument --metadata: not a JSON object: .*"),
    (["shoal", "*", "test.ping", "--return=mysql"], USAGE, r"shoal: no returner is called 'mysql'.*"),
    (["shoal", "*", "test.ping", "-l", "loud"], USAGE, r"shoal: argument -l/--log-level: invalid choice: 'loud' .*"),
    (["shoal", "*", "test.ping,test.version"], USAGE, r"shoal: one function a call, .* has 2: call shoal once for each .*"),
    (["shoal", "*", "-d", "test", "cmd"], USAGE, r"shoal: -d takes one module or function at a time: .*"),
    (["shoal", "*", "test.ping", "-c", "/nope"], CONFIG, r"shoal: there is no configuration folder /nope"),
    # shoal: targets
    (["shoal", "-C", "web-* and", "test.ping"], USAGE, r"shoal: compound target: an operand is missing at the end: web-\* and -->"),
    (["shoal", "-C", "and web-*", "test.ping"], USAGE, r"shoal: compound target: word 1, 'and', needs an operand before it: .*"),
    (["shoal", "-C", "( web-*", "test.ping"], USAGE, r"shoal: compound target: word 1, '\(', is never closed; .*"),
    (["shoal", "-C", "web-* )", "test.ping"], USAGE, r"shoal: compound target: word 2, '\)', .*"),
    (["shoal", "-C", "a AND b", "test.ping"], USAGE, r"shoal: compound target: word 2, 'AND', .*: write and: .*"),
    (["shoal", "-C", "", "test.ping"], USAGE, r"shoal: compound target: empty; '\*' means every minion"),
    (["shoal", "-C", "R@web[1-9]", "test.ping"], USAGE, r"shoal: 'R@.*': range expressions \(R@\) are not supported; use .*"),
    (["shoal", "-C", "G@os", "test.ping"], USAGE, r"shoal: grain target 'os' has no ':' in it: write NAME:VALUE .*"),
    (["shoal", "-G", "os", "test.ping"], USAGE, r"shoal: grain target 'os' has no ':' in it: .*"),
    (["shoal", "-I", "os", "test.ping"], USAGE, r"shoal: pillar target 'os' has no ':' in it: .*"),
    (["shoal", "-T", "site", "test.ping"], USAGE, r"shoal: tag target 'site' has no ':' in it: .*"),
    (["shoal", "-G", "os:a", "--delimiter=", "test.ping"], USAGE, r"shoal: target: the delimiter is empty"),
    (["shoal", "-E", "web[", "test.ping"], USAGE, r"shoal: pcre target regular expression 'web\[' cannot be read: .*"),
    (["shoal", "-P", "os:(", "test.ping"], USAGE, r"shoal: grain_pcre target regular expression '\(' cannot be read: .*"),
    (["shoal", "-S", "10.1", "test.ping"], USAGE, r"shoal: ipcidr target '10\.1' is no address and no network: .*"),
    (["shoal", "-N", "wbs", "test.ping"], USAGE, r"shoal: no nodegroup 'wbs'; did you mean 'webs'\?"),
    (["shoal", "-N", "loop", "test.ping"], USAGE, r"shoal: nodegroup 'loop' contains itself: loop -> loop"),
    (["shoal", "-N", "wbs", "--preview-target"], USAGE, r"shoal: no nodegroup 'wbs'; .*"),
    # shoal: functions
    (["shoal", "*", "ping"], USAGE, r"shoal: bad function name 'ping': module\.function expected, e\.g\. test\.ping"),
    (["shoal", "*", "Test.Ping"], USAGE, r"shoal: bad function name 'Test\.Ping': .*"),
    (["shoal", "*", "test.ping()"], USAGE, r"shoal: bad function name 'test\.ping\(\)': .*"),
    (["shoal", "*", "test.echo", "x" * 100_000, "y" * 100_000, "z" * 100_000], USAGE,
     r"shoal: the arguments take \d+ bytes; a job may have \d+"),
    # shoal-run
    (["shoal-run"], USAGE, r"shoal-run: no function: .*; shoal-run -d lists them"),
    (["shoal-run", "nothing"], USAGE, r"shoal-run: 'nothing' is not available\. shoal-run -d lists them\."),
    (["shoal-run", "manage.upp"], USAGE, r"shoal-run: 'manage\.upp' is not available\. Did you mean: manage\.up\?"),
    (["shoal-run", "manage.up", "x"], USAGE, r"shoal-run: manage\.up: too many arguments, 'x' has no place \(usage: .*"),
    (["shoal-run", "manage.up", "--all"], USAGE, r"shoal-run: no such option: --all .*"),
    (["shoal-run", "-d", "nothing"], USAGE, r"shoal-run: no runner is called 'nothing'; shoal-run -d lists them"),
    (["shoal-run", "jobs.list_job"], USAGE, r"shoal-run: jobs\.list_job: 'jid' is missing \(usage: .*"),
    (["shoal-run", "jobs.list_job", "12"], USAGE, r"shoal-run: bad job id '12': 20 digits expected"),
    (["shoal-run", "jobs.lookup_jid", "x"], USAGE, r"shoal-run: bad job id 'x': 20 digits expected"),
    (["shoal-run", "jobs.exit_success", "2026112109300012345"], USAGE, r"shoal-run: bad job id '2026112109300012345': .*"),
    (["shoal-run", "jobs.lookup_jid", "20200101000000000000"], 1,
     r"shoal-run: no job 20200101000000000000 in the store; shoal-run jobs\.list_jobs shows .*"),
    (["shoal-run", "jobs.lookup_jid", "20200101000000000000", "missing=maybe"], USAGE,
     r"shoal-run: jobs\.lookup_jid: 'missing' must be .*, not 'maybe' \(usage: .*"),
    (["shoal-run", "jobs.list_jobs", "limit=many"], USAGE, r"shoal-run: jobs\.list_jobs: 'limit' must be a whole number.*"),
    (["shoal-run", "jobs.list_jobs", "serch_function=x"], USAGE,
     r"shoal-run: jobs\.list_jobs: no parameter is called 'serch_function', did you mean 'search_function'\? .*"),
    (["shoal-run", "tag.set"], USAGE, r"shoal-run: tag\.set: 'target' is missing .*"),
    (["shoal-run", "tag.set", "*"], USAGE, r"shoal-run: tag\.set: no tags given; write key=value after the target"),
    (["shoal-run", "tag.set", "*", "site"], USAGE, r"shoal-run: tag\.set: too many arguments, 'site' has no place .*"),
    (["shoal-run", "tag.set", "*", "site="], USAGE, r"shoal-run: bad value for tag site: 1 to 256 printable characters"),
    (["shoal-run", "tag.set", "*", "site=a\nb"], USAGE, r"shoal-run: bad value for tag site: .*"),
    (["shoal-run", "tag.set", "mail-*", "site=a"], USAGE, r"shoal-run: no minion matches 'mail-\*'"),
    (["shoal-run", "tag.set", "web-* or", "site=a"], USAGE, r"shoal-run: compound target: an operand is missing at the end: .*"),
    (["shoal-run", "tag.delete", "*"], USAGE, r"shoal-run: tag\.delete: name the tags to delete after the target"),
    (["shoal-run", "tag.list", "mail-*"], USAGE, r"shoal-run: no minion matches 'mail-\*'"),
    (["shoal-run", "token.create", "uses=0"], USAGE, r"shoal-run: token\.create: uses must be 1 to 1000000"),
    (["shoal-run", "token.create", "uses=many"], USAGE, r"shoal-run: token\.create: 'uses' must be a whole number, not 'many' .*"),
    (["shoal-run", "token.create", "expires=soon"], USAGE, r"shoal-run: token\.create: bad duration 'soon': .*"),
    (["shoal-run", "token.create", "expires=0d"], USAGE, r"shoal-run: token\.create: bad duration '0d': .*"),
    (["shoal-run", "token.revoke"], USAGE, r"shoal-run: token\.revoke: 'token_id' is missing .*"),
    (["shoal-run", "token.revoke", "nothing"], USAGE, r"shoal-run: no join token 'nothing' that could be revoked; see .*"),
    (["shoal-run", "event.send"], USAGE, r"shoal-run: event\.send: 'tag' is missing .*"),
    (["shoal-run", "event.send", "shoal/job/1/new"], USAGE, r"shoal-run: event\.send: tag 'shoal/job/1/new' is reserved, .*"),
    (["shoal-run", "event.send", ""], USAGE, r"shoal-run: event\.send: tag '' is reserved, empty, too long or .*"),
    (["shoal-run", "event.send", "a/b", "{"], USAGE, r"shoal-run: event\.send: 'data' must be .*, not '\{' \(usage: .*"),
    (["shoal-run", "state.event", "a", "b"], USAGE, r"shoal-run: state\.event: 'b' is not known; it takes .*"),
    (["shoal-run", "state.event", "pretty=maybe"], USAGE, r"shoal-run: state\.event: pretty is True or False, not 'maybe'"),
    (["shoal-run", "state.event", "count=few"], USAGE, r"shoal-run: state\.event: count is a whole number, not 'few'"),
    # shoal-key
    (["shoal-key", "web-1"], USAGE, r"shoal-key: unexpected word 'web-1': a name follows its option .*"),
    (["shoal-key", "-x"], USAGE, r"shoal-key: no such option: -x .*"),
    (["shoal-key", "-a"], USAGE, r"shoal-key: argument -a/--accept: expected one argument; .*"),
    (["shoal-key", "-a", ""], USAGE, r"shoal-key: --accept needs a name or glob"),
    (["shoal-key", "-l", "some"], USAGE, r"shoal-key: argument -l/--list: one of acc, pre, un, rej, den, all expected.*"),
    (["shoal-key", "-L", "-A"], USAGE, r"shoal-key: argument -A/--accept-all: not allowed with argument -L/--list-all; .*"),
    (["shoal-key", "-y", "-a", "new-1"], 1, r"shoal-key: The key glob 'new-1' does not match any unaccepted keys\."),
    (["shoal-key", "-y", "-r", "web-1"], 1,
     r"shoal-key: The key glob 'web-1' .*\. It matches accepted ones: add --include-accepted to mean them"),
    (["shoal-key", "-y", "-d", "new-1"], 1, r"shoal-key: The key glob 'new-1' does not match any accepted, denied, .* keys\."),
    (["shoal-key", "-f", "new-1"], 1, r"shoal-key: The key glob 'new-1' does not match any .* keys\."),
    (["shoal-key", "-p", "new-1"], 1, r"shoal-key: The key glob 'new-1' does not match any .* keys\."),
    (["shoal-key", "-L", "--out=xx"], USAGE, r"shoal-key: --out: unknown outputter 'xx'\. .*"),
    # the daemons and shoal-call
    (["shoal-master", "start"], USAGE, r"shoal-master: unexpected word 'start'; see shoal-master --help"),
    (["shoal-master", "-d"], USAGE, r"shoal-master: -d is not there: run it in the foreground, or with systemctl .*"),
    (["shoal-master", "--nope"], USAGE, r"shoal-master: no such option: --nope .*"),
    (["shoal-master", "-l", "loud"], USAGE, r"shoal-master: argument -l/--log-level: invalid choice: 'loud' .*"),
    (["shoal-minion", "start"], USAGE, r"shoal-minion: .*'start'.*; see shoal-minion --help"),
    (["shoal-minion", "--nope"], USAGE, r"shoal-minion: .*--nope; see shoal-minion --help"),
    (["shoal-minion", "join"], USAGE, r"shoal-minion: .*: string; see shoal-minion join --help"),
    (["shoal-call"], USAGE, r"shoal-call: name a function, e\.g\. shoal-call --local test\.ping; .*"),
    (["shoal-call", "--nope"], USAGE, r"shoal-call: .*--nope; see shoal-call --help"),
    (["shoal-call", "ping"], USAGE, r"shoal-call: bad function name 'ping': .*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "code", "pattern"), COMMAND_LINES, ids=[" ".join(words)[:60] for words, _, _ in COMMAND_LINES]
)
def test_wrong_command_line(fleet: Fleet, words: list[str], code: int, pattern: str) -> None:
    before = set(fleet.runner("jobs.list_jobs") or {})
    check(fleet.program(*words, check=False), code, pattern)
    assert set(fleet.runner("jobs.list_jobs") or {}) == before


def test_word_that_is_no_text(fleet: Fleet) -> None:
    argv = [
        os.fsencode(BIN / "shoal"),
        b"--root",
        os.fsencode(fleet.master_root),
        b"*",
        b"test.echo",
        b"\xff\xfe",
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    check(done, USAGE, r"shoal: not UTF-8: '\\udcff\\udcfe'; see shoal --help")


# ------------------------------------------------------------- configuration files

ANY = r"/\S+/etc/shoal"
CONFIGURATIONS: list[tuple[str, str, str]] = [
    ("master", "idd: x", rf"{ANY}/master:1: unknown key 'idd'\. Did you mean 'id'\?"),
    ("master", "interface: 127.0.0.1\nworker_threads: 5", rf"{ANY}/master:2: 'worker_threads' is a key of Salt's that .*"),
    ("master", "id: [1, 2]", rf"{ANY}/master:1: 'id' must be text, got a list"),
    ("master", "id: a b", rf"{ANY}/master:1: 'id': bad minion id 'a b': use .*"),
    ("master", "id: x\nid: y", rf"{ANY}/master:2: key 'id' is given twice \(first on line 1\)"),
    ("master", 'id: "x\n  y', rf"{ANY}/master:2: not YAML: .*"),
    ("master", "- a\n- b", rf"{ANY}/master:1: 'key: value' lines expected, got a list"),
    ("master", "id: x\n\tret_port: 1", rf"{ANY}/master:2: .*"),
    ("master", "ret_port: http", rf"{ANY}/master:1: 'ret_port' must be a whole number from 1 to 65535, got 'http'"),
    ("master", "ret_port: 70000", rf"{ANY}/master:1: 'ret_port' must be a whole number from 1 to 65535, got .*"),
    ("master", "publish_port: 4505\nret_port: 4505", rf"{ANY}/master: publish_port and ret_port are both 4505"),
    ("master", "timeout: 5 s", rf"{ANY}/master:1: 'timeout' must be a number from 0\.1 to 86400, got '5 s'"),
    ("master", "log_level: loud", rf"{ANY}/master:1: 'log_level' must be one of all, .*, got 'loud'"),
    ("master", "log_file: /nope/master.log", r"log_file: /nope/master\.log cannot be written: No such file or directory"),
    ("master", "nodegroups: 5", rf"{ANY}/master:1: 'nodegroups' must be a map of names to expressions, got '5'"),
    ("master", "publisher_acl: 5", rf"{ANY}/master:1: 'publisher_acl' must be a map of users to functions, got '5'"),
    ("master", "store_url: mysql://u:secret@h/d",
     rf"{ANY}/master:1: 'store_url': use sqlite:////absolute/path or postgresql://user:password@host/database"),
    ("master", "interface: 203.0.113.7",
     r"cannot listen on tcp://203\.0\.113\.7:\d+: Cannot assign requested address.*; see interface, .*"),
    ("minion", "idd: x", rf"{ANY}/minion:1: unknown key 'idd'\. Did you mean 'id'\?"),
    ("minion", "id: x\ntags: {a: b}", rf"{ANY}/minion:2: unknown key 'tags'\. .*"),
    ("minion", "id: a/b", rf"{ANY}/minion:1: 'id': bad minion id 'a/b': use .*"),
    ("minion", "id: x\nmaster: 1 2", rf"{ANY}/minion:2: 'master': bad master address '1 2': .*"),
    ("minion", "id: {", rf"{ANY}/minion:1: not YAML: .*"),
    ("minion", "id: x\ngrains: 5", rf"{ANY}/minion:2: 'grains' must be a map, got '5'"),
    ("minion", "id: x\nprocess_count_max: 0", rf"{ANY}/minion:2: 'process_count_max' must be a whole number from 1 .*"),
    ("minion", "id: x\ndisable_functions: {a: b}", rf"{ANY}/minion:2: 'disable_functions' must be .*, got a map"),
    ("minion", "id: x\nrecon_default: 50\nrecon_max: 20", rf"{ANY}/minion: recon_max \(20\) must not be less than .*"),
    ("minion", "id: x\nlog_file: /nope/x", r"log_file: /nope/x cannot be written: No such file or directory"),
    ("minion", "id: x", r"this box has not joined a fleet yet: run shoal-minion join STRING first \(shoal-run token\.create.*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "text", "pattern"),
    CONFIGURATIONS,
    ids=[f"{p}: {t.splitlines()[-1]}" for p, t, _ in CONFIGURATIONS],
)
def test_wrong_configuration(short: Path, program: str, text: str, pattern: str) -> None:
    etc = short / "etc/shoal"
    etc.mkdir(parents=True)
    publish, request = free_ports(2)
    ports = "" if "port" in text else f"\npublish_port: {publish}\nret_port: {request}"
    (etc / program).write_text(
        text + (ports if program == "master" and ":" in text and "- " not in text else "")
    )
    check(run(short, f"shoal-{program}"), CONFIG, rf"shoal-{program}: {pattern}")


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_is_no_text(short: Path, program: str) -> None:
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal" / program).write_bytes(b"id: \xff\n")
    check(
        run(short, f"shoal-{program}"),
        CONFIG,
        rf"shoal-{program}: {ANY}/{program}:1: not UTF-8 \(byte 0xff\)",
    )


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_is_a_folder(short: Path, program: str) -> None:
    (short / "etc/shoal" / program).mkdir(parents=True)
    check(run(short, f"shoal-{program}"), CONFIG, rf"shoal-{program}: {ANY}/{program}: a folder, not a file")


@pytest.mark.parametrize("program", ["master", "minion"])
def test_part_of_the_configuration_in_a_folder_is_named(short: Path, program: str) -> None:
    folder = short / "etc/shoal" / f"{program}.d"
    folder.mkdir(parents=True)
    (folder / "extra.conf").write_text("id: x\nlog_levl: info\n")
    check(
        run(short, f"shoal-{program}"), CONFIG,
        rf"shoal-{program}: {ANY}/{program}\.d/extra\.conf:2: unknown key 'log_levl'\. Did you mean 'log_level'\?",
    )  # fmt: skip


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_may_not_be_read(short: Path, program: str) -> None:
    file = short / "etc/shoal" / program
    file.parent.mkdir(parents=True)
    file.write_text("id: x\n")
    forbid(file)
    done = run(short, f"shoal-{program}", powerless=True)
    check(done, CONFIG, rf"shoal-{program}: {ANY}/{program}: cannot be read: Permission denied.*")


# ------------------------------------------------------------------ joining


def test_wrong_join_strings(fleet: Fleet, short: Path) -> None:
    good = str(fleet.runner("token.join_string"))
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal/minion").write_text("id: box-1\n")
    for text, pattern in (
        ("hello", r"join string: it begins with shoal1-; copy it whole, from its first character"),
        (good[3:], r"join string: it begins with shoal1-; .*"),
        ("shoal1-abc", r"join string: cut short or a character is missing; copy it again"),
        (good[:-8], r"join string: .*copy it again"),
        (good[:-1] + ("a" if good[-1] != "a" else "b"), r"join string: .*copy it again"),
        (
            good[:40] + ("a" if good[40] != "a" else "b") + good[41:],
            r"join string: the checksum is wrong, .*",
        ),
        ("", r"join string: .*"),
    ):
        check(run(short, "shoal-minion", "join", text), CONFIG, rf"shoal-minion: {pattern}")
    check(
        run(short, "shoal-minion", "join", "--id=a b", good),
        USAGE,
        r"shoal-minion: --id: bad minion id 'a b': .*",
    )
    done = run(short, "shoal-minion", "join", good)
    assert (done.returncode, done.stderr) == (0, "")


def test_join_string_of_another_fleet(fleet: Fleet, short: Path) -> None:
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal/minion").write_text("id: box-1\n")
    assert run(short, "shoal-minion", "join", str(fleet.runner("token.join_string"))).returncode == 0
    with short_folder() as folder, Fleet(folder) as other:
        other.start_master()
        text = str(other.runner("token.join_string"))
    check(
        run(short, "shoal-minion", "join", text), CONFIG,
        r"shoal-minion: this box belongs to another fleet; use join --force to leave that one",
    )  # fmt: skip
    assert run(short, "shoal-minion", "join", "--force", text).returncode == 0


def test_damaged_files_of_a_box(fleet: Fleet, short: Path) -> None:
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal/minion").write_text("id: box-1\n")
    run(short, "shoal-minion", "join", str(fleet.runner("token.join_string")))
    pki = short / "etc/shoal/pki/minion"
    for name in ("join", "minion.key"):
        whole = (pki / name).read_bytes()
        (pki / name).write_bytes(whole[: len(whole) // 2])
        done = run(short, "shoal-minion")
        assert done.returncode == CONFIG
        assert re.fullmatch(
            rf"shoal-minion: .*{'join string' if name == 'join' else name}.*\n", done.stderr
        ), done
        (pki / name).write_bytes(whole)
    (pki / "minion.key").chmod(0o644)
    done = run(short, "shoal-minion")
    assert done.returncode in (1, CONFIG)
    assert re.fullmatch(r"shoal-minion: .*/minion\.key can be read by others; chmod 600 it .*\n", done.stderr)


# --------------------------------------------------- places, ports, permissions


def test_no_master(short: Path) -> None:
    for words in (
        ["shoal", "*", "test.ping"],
        ["shoal-run", "manage.up"],
        ["shoal-run", "state.event"],
        ["shoal-key"],
    ):
        check(
            run(short, *words), UNAVAILABLE,
            rf"{words[0]}: No master answers at {short}/run/shoal/master\.sock\. "
            rf"Is shoal-master running with --root {short}\?",
        )  # fmt: skip


def test_root_that_is_too_long_for_a_socket(short: Path) -> None:
    root = short / ("long" * 30)
    for words in (
        ["shoal", "*", "test.ping"], ["shoal-run", "manage.up"], ["shoal-key"], ["shoal-master"], ["shoal-minion"]
    ):  # fmt: skip
        root.mkdir(exist_ok=True)
        (root / "etc/shoal").mkdir(parents=True, exist_ok=True)
        (root / "etc/shoal/minion").write_text("id: x\n")
        check(
            run(root, *words), CONFIG,
            rf"{words[0]}: the socket's path \S+ has \d+ bytes, a unix socket can have 107\. "
            r"Use a shorter folder for --root or SHOAL_ROOT",
        )  # fmt: skip


def test_root_that_cannot_be_made() -> None:
    for words in (["shoal-master"], ["shoal-minion"]):
        check(
            run(Path("/dev/null/x"), *words), CONFIG,
            rf"{words[0]}: /dev/null/x/etc/shoal: cannot be made ready: Not a directory\. Run as root, or give --root DIR",
        )  # fmt: skip


def test_second_master_in_one_place(fleet: Fleet) -> None:
    assert fleet.master
    check(
        fleet.program("shoal-master", check=False), CONFIG,
        rf"shoal-master: another shoal-master runs already \(pid {fleet.master.pid}\); stop it first, "
        r"or use another --root",
    )  # fmt: skip


def test_second_minion_in_one_place(fleet: Fleet) -> None:
    pid = fleet.minions["web-1"].pid
    check(
        fleet.program("shoal-minion", root=fleet.minion_root("web-1"), check=False), CONFIG,
        rf"shoal-minion: another shoal-minion runs already \(pid {pid}\); stop it first, or use another --root",
    )  # fmt: skip
    assert fleet.shoal("web-1", "cmd.run", "echo hi").stdout == "web-1:\n    hi\n"


@pytest.mark.parametrize("key", ["publish_port", "ret_port"])
def test_port_that_is_in_use(short: Path, key: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        (port,) = free_ports(1)
        ports = {"publish_port": port, "ret_port": port, key: taken.getsockname()[1]}
        (short / "etc/shoal").mkdir(parents=True)
        (short / "etc/shoal/master").write_text(
            "interface: 127.0.0.1\n" + "".join(f"{name}: {value}\n" for name, value in ports.items())
        )
        check(
            run(short, "shoal-master"), CONFIG,
            rf"shoal-master: cannot listen on tcp://127\.0\.0\.1:{ports[key]}: Address already in use; "
            r"see interface, publish_port, ret_port",
        )  # fmt: skip


def test_socket_that_is_for_others(short: Path) -> None:
    run_dir = short / "run/shoal"
    run_dir.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run_dir / "master.sock"))
        listener.listen()
        forbid(run_dir / "master.sock")
        for words in (["shoal", "*", "test.ping"], ["shoal-run", "manage.up"], ["shoal-key"]):
            check(
                run(short, *words, powerless=True), NOT_ALLOWED,
                rf"{words[0]}: Not allowed to open \S+/master\.sock\. Run this as root, .*",
            )  # fmt: skip


# ------------------------------------------------------------------------ help


@pytest.fixture
def short() -> Iterator[Path]:
    """A root folder of which nothing exists yet."""
    with short_folder() as folder:
        yield folder


def run(root: Path, *words: str, powerless: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a program that is expected to end by itself; `powerless`: file modes hold even for root."""
    argv = [str(BIN / words[0]), "--root", str(root), *words[1:]]
    if powerless and os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv (util-linux) may read everything")
        argv = ["setpriv", "--bounding-set=-all", *argv]
    return subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


def forbid(path: Path) -> None:
    """Let nobody without special powers use `path`."""
    path.chmod(0)
    if os.geteuid() == 0:
        os.chown(path, 1, 1)
