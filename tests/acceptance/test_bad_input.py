"""Command lines that make no sense get one line that says what is wrong and what to do; nothing is sent."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator

import pytest

from shoal.version import VERSION
from tests.acceptance.at_work import check_one_line
from tests.fleet import BIN, Fleet, short_folder

USAGE, CONFIG = 64, 78

# command, what it says after the program's name, exit code if not USAGE
COMMAND_LINES: list[tuple[str, str] | tuple[str, str, int]] = [
    # shoal: options
    ("shoal", r"no target: shoal '<target>' <module\.function> \[arguments\]; see shoal --help"),
    ("shoal '*'", r"no function: shoal '\*' <module\.function> .*"),
    ("shoal '*' ''", r"no function: .*"),
    ("shoal test.ping", r"no function: .* \(on all minions: shoal '\*' test\.ping\); see shoal --help"),
    ("shoal '*' test.ping --sumary", r"no such option: --sumary \(write -- before .*"),
    ("shoal '*' test.ping -R", r"no such option: -R .*"),
    ("shoal -G -E '*' test.ping", r"argument -E/--pcre: not allowed with argument -G/--grain;.*"),
    ("shoal '*' test.ping -t soon", r"argument -t/--timeout: a number of seconds .* 'soon';.*"),
    ("shoal '*' test.ping -t -1", r"argument -t/--timeout: .*"),
    ("shoal '*' test.ping -t", r"argument -t/--timeout: expected one argument; .*"),
    ("shoal '*' test.ping -b 0", r"argument -b.*: a number or a percentage expected .* '0';.*"),
    ("shoal '*' test.ping -b 200%", r"argument -b.*'200%';.*"),
    ("shoal '*' test.ping -b few", r"argument -b.*'few';.*"),
    ("shoal '*' test.ping --batch-wait=x", r"argument --batch-wait: a number of seconds .*"),
    ("shoal '*' test.ping --subset=0", r"argument --subset: a whole number from 1 up expected.*"),
    ("shoal '*' test.ping --subset=half", r"argument --subset: .*"),
    ("shoal '*' test.ping --job-timeout=x", r"argument --job-timeout: .*"),
    ("shoal '*' test.ping --out=jason", r"--out: unknown outputter 'jason'\. Did you mean 'json'\?"),
    ("shoal '*' test.ping --out=xx", r"--out: unknown outputter 'xx'\. Use one of: highstate, json, .*"),
    ("shoal '*' test.ping --out-indent=x", r"argument --out-indent.*: invalid int value: 'x';.*"),
    ("shoal '*' test.ping --out-file=/nope/x", r"--out-file /nope/x cannot be written: No such .*"),
    ("shoal '*' test.ping --metadata=x", r"argument --metadata: a JSON object or name=value .*"),
    ("shoal '*' test.ping '--metadata={'", r"argument --metadata: not a JSON object: .*"),
    ("shoal '*' test.ping --return=mysql", r"no returner is called 'mysql'.*"),
    ("shoal '*' test.ping -l loud", r"argument -l/--log-level: invalid choice: 'loud' .*"),
    ("shoal '*' test.ping,test.version", r"one function a call, .* has 2: call shoal once for each .*"),
    ("shoal '*' -d test cmd", r"-d takes one module or function at a time: .*"),
    ("shoal '*' test.ping -c /nope", r"there is no configuration folder /nope", CONFIG),
    # shoal: targets
    ("shoal -C 'web-* and' test.ping", r"compound target: an operand is missing at the end: web-\* and -->"),
    ("shoal -C 'and web-*' test.ping", r"compound target: word 1, 'and', needs an operand before it: .*"),
    ("shoal -C '( web-*' test.ping", r"compound target: word 1, '\(', is never closed; .*"),
    ("shoal -C 'web-* )' test.ping", r"compound target: word 2, '\)', .*"),
    ("shoal -C 'a AND b' test.ping", r"compound target: word 2, 'AND', .*: write and: .*"),
    ("shoal -C '' test.ping", r"compound target: empty; '\*' means every minion"),
    ("shoal -C 'R@web[1-9]' test.ping", r"'R@.*': range expressions \(R@\) are not supported; use .*"),
    ("shoal -C G@os test.ping", r"grain target 'os' has no ':' in it: write NAME:VALUE .*"),
    ("shoal -G os test.ping", r"grain target 'os' has no ':' in it: .*"),
    ("shoal -I os test.ping", r"pillar target 'os' has no ':' in it: .*"),
    ("shoal -T site test.ping", r"tag target 'site' has no ':' in it: .*"),
    ("shoal -G os:a --delimiter= test.ping", r"target: the delimiter is empty"),
    ("shoal -E 'web[' test.ping", r"pcre target regular expression 'web\[' cannot be read: .*"),
    ("shoal -P 'os:(' test.ping", r"grain_pcre target 'os:\(': regular expression '\(' cannot be read: .*"),
    ("shoal -S 10.1 test.ping", r"ipcidr target '10\.1' is no address and no network: .*"),
    ("shoal -N wbs test.ping", r"no nodegroup 'wbs'; did you mean 'webs'\?"),
    ("shoal -N loop test.ping", r"nodegroup 'loop' contains itself: loop -> loop"),
    ("shoal -N wbs --preview-target", r"no nodegroup 'wbs'; .*"),
    # shoal: functions
    ("shoal '*' ping", r"bad function name 'ping': module\.function expected, e\.g\. test\.ping"),
    ("shoal '*' Test.Ping", r"bad function name 'Test\.Ping': .*"),
    ("shoal '*' 'test.ping()'", r"bad function name 'test\.ping\(\)': .*"),
    # shoal-run
    ("shoal-run", r"no function: .*; shoal-run -d lists them"),
    ("shoal-run nothing", r"'nothing' is not available\. shoal-run -d lists them\."),
    ("shoal-run manage.upp", r"'manage\.upp' is not available\. Did you mean: manage\.up\?"),
    ("shoal-run jobs", r"'jobs' is a module\. shoal-run -d jobs lists its functions\."),
    ("shoal-run manage.counters x", r"manage\.counters: too many arguments, 'x' has no place \(usage: .*"),
    ("shoal-run manage.up --all", r"no such option: --all .*"),
    ("shoal-run -d nothing", r"no runner is called 'nothing'; shoal-run -d lists them"),
    ("shoal-run jobs.list_job", r"jobs\.list_job: 'jid' is missing \(usage: .*"),
    ("shoal-run jobs.list_job 12", r"bad job id '12': 20 digits expected"),
    ("shoal-run jobs.lookup_jid x", r"bad job id 'x': 20 digits expected"),
    ("shoal-run jobs.exit_success 2026112109300012345", r"bad job id '2026112109300012345': .*"),
    ("shoal-run jobs.lookup_jid 20200101000000000000",
     r"no job 20200101000000000000 in the store; shoal-run jobs\.list_jobs shows .*", 1),
    ("shoal-run jobs.lookup_jid 20200101000000000000 missing=maybe",
     r"jobs\.lookup_jid: 'missing' must be .*, not 'maybe' \(usage: .*"),
    ("shoal-run jobs.list_jobs limit=many", r"jobs\.list_jobs: 'limit' must be a whole number.*"),
    ("shoal-run jobs.list_jobs serch_function=x",
     r"jobs\.list_jobs: no parameter is called 'serch_function', did you mean 'search_function'\? .*"),
    ("shoal-run tag.set", r"tag\.set: 'target' is missing .*"),
    ("shoal-run tag.set '*'", r"tag\.set: no tags given; write key=value after the target"),
    ("shoal-run tag.set '*' site", r"tag\.set: too many arguments, 'site' has no place .*"),
    ("shoal-run tag.set '*' site=", r"bad value for tag site: 1 to 256 printable characters"),
    ("shoal-run tag.set '*' 'site=a\nb'", r"bad value for tag site: .*"),
    ("shoal-run tag.set 'mail-*' site=a", r"no minion matches 'mail-\*'"),
    ("shoal-run tag.set 'web-* or' site=a", r"compound target: an operand is missing at the end: .*"),
    ("shoal-run tag.delete '*'", r"tag\.delete: name the tags to delete after the target"),
    ("shoal-run tag.list 'mail-*'", r"no minion matches 'mail-\*'"),
    ("shoal-run token.create uses=0", r"token\.create: uses must be 1 to 1000000"),
    ("shoal-run token.create uses=many", r"token\.create: 'uses' must be a whole number, not 'many' .*"),
    ("shoal-run token.create expires=soon", r"token\.create: bad duration 'soon': .*"),
    ("shoal-run token.create expires=0d", r"token\.create: bad duration '0d': .*"),
    ("shoal-run token.revoke", r"token\.revoke: 'token_id' is missing .*"),
    ("shoal-run token.revoke nothing", r"no join token 'nothing' that could be revoked; see .*"),
    ("shoal-run event.send", r"event\.send: 'tag' is missing .*"),
    ("shoal-run event.send shoal/job/1/new", r"event\.send: tag 'shoal/job/1/new' is reserved, .*"),
    ("shoal-run event.send ''", r"event\.send: tag '' is reserved, empty, too long or .*"),
    ("shoal-run event.send a/b '{'", r"event\.send: 'data' must be .*, not '\{' \(usage: .*"),
    ("shoal-run state.event a b", r"state\.event: 'b' is not known; it takes .*"),
    ("shoal-run state.event pretty=maybe", r"state\.event: pretty is True or False, not 'maybe'"),
    ("shoal-run state.event count=few", r"state\.event: count is a whole number, not 'few'"),
    # shoal-key
    ("shoal-key web-1", r"unexpected word 'web-1': a name follows its option .*"),
    ("shoal-key -x", r"no such option: -x .*"),
    ("shoal-key -a", r"argument -a/--accept: expected one argument; .*"),
    ("shoal-key -a ''", r"--accept needs a name or glob"),
    ("shoal-key -l some", r"argument -l/--list: one of acc, pre, un, rej, den, all expected.*"),
    ("shoal-key -L -A", r"argument -A/--accept-all: not allowed with argument -L/--list-all; .*"),
    ("shoal-key -y -a new-1", r"The key glob 'new-1' does not match any unaccepted keys\.", 1),
    ("shoal-key -y -r web-1",
     r"The key glob 'web-1' .*\. It matches accepted ones: add --include-accepted to mean them", 1),
    ("shoal-key -y -d new-1", r"The key glob 'new-1' does not match any accepted, denied, .* keys\.", 1),
    ("shoal-key -f new-1", r"The key glob 'new-1' does not match any .* keys\.", 1),
    ("shoal-key -p new-1", r"The key glob 'new-1' does not match any .* keys\.", 1),
    ("shoal-key -L --out=xx", r"--out: unknown outputter 'xx'\. .*"),
    # the daemons and shoal-call
    ("shoal-master start", r"unexpected word 'start'; see shoal-master --help"),
    ("shoal-master -d", r"-d is not there: run it in the foreground, or with systemctl .*"),
    ("shoal-master --nope", r"no such option: --nope .*"),
    ("shoal-master -l loud", r"argument -l/--log-level: invalid choice: 'loud' .*"),
    ("shoal-minion start", r".*'start'.*; see shoal-minion --help"),
    ("shoal-minion --nope", r".*--nope; see shoal-minion --help"),
    ("shoal-minion join", r".*: string; see shoal-minion join --help"),
    ("shoal-call", r"name a function, e\.g\. shoal-call --local test\.ping; .*"),
    ("shoal-call --nope", r"no such option: --nope .*"),
    ("shoal-call ping", r"bad function name 'ping': .*"),
]  # fmt: skip


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master that outlives everything here without a single job, and one minion that answers at the end."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(nodegroups={"webs": "web-*", "loop": "N@loop"})
        fleet.join("web-1", site="paris")
        yield fleet
        assert fleet.runner("jobs.list_jobs") == {}
        assert fleet.master
        assert fleet.master.alive
        assert "Traceback" not in fleet.master.text()
        assert fleet.shoal("*", "test.ping").stdout == "web-1:\n    True\n"


@pytest.mark.parametrize("case", COMMAND_LINES, ids=[case[0] for case in COMMAND_LINES])
def test_wrong_command_line(fleet: Fleet, case: tuple[str, str] | tuple[str, str, int]) -> None:
    words, pattern, code = shlex.split(case[0]), case[1], case[2] if len(case) > 2 else USAGE
    check_one_line(fleet.program(*words, check=False), code, f"{words[0]}: {pattern}")


@pytest.mark.parametrize(
    "program", ["shoal", "shoal-key", "shoal-run", "shoal-master", "shoal-minion", "shoal-call"]
)
def test_help_and_version(fleet: Fleet, program: str) -> None:
    version = fleet.program(program, "--version")
    assert (version.stdout, version.stderr) == (f"{program} {VERSION}\n", "")
    shown = fleet.program(program, "--help")
    assert shown.stdout.startswith(f"usage: {program} [options]")
    assert shown.stderr == ""


def test_arguments_that_are_too_many(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.arg", *[letter * 100_000 for letter in "abc"])
    check_one_line(done, USAGE, r"shoal: the arguments take \d+ bytes; a job may have \d+")


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
    check_one_line(done, USAGE, r"shoal: not UTF-8: '\\udcff\\udcfe'; see shoal --help")
