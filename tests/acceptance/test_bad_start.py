"""Daemons and programs that cannot start: bad configuration, join strings, folders, ports, permissions.

One line on stderr says what is wrong, where, and what to do; the exit code is one of sysexits'.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.at_work import check_one_line
from tests.fleet import BIN, Fleet, free_ports, short_folder

USAGE, UNAVAILABLE, NOT_ALLOWED, CONFIG = 64, 69, 77, 78


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master that outlives everything here, and one minion that answers at the end."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join("web-1")
        yield fleet
        assert fleet.master
        assert fleet.master.alive
        assert fleet.shoal("*", "test.ping").stdout == "web-1:\n    True\n"


# ------------------------------------------------------------- configuration files

CONFIGURATIONS: list[tuple[str, str, str]] = [
    # program, its configuration file, what is said (FILE is the file's path)
    ("master", "idd: x", r"FILE:1: unknown key 'idd'\. Did you mean 'id'\?"),
    ("master", "id: x\nworker_threads: 5", r"FILE:2: 'worker_threads' is a key of Salt's that Shoal does not have: .*"),
    ("master", "id: [1, 2]", r"FILE:1: 'id' must be text, got a list"),
    ("master", "id: a b", r"FILE:1: 'id': bad minion id 'a b': use .*"),
    ("master", "id: x\nid: y", r"FILE:2: key 'id' is given twice \(first on line 1\)"),
    ("master", 'id: "x\n  y', r"FILE:3: not YAML: the file ends inside what begins on line 1; .*"),
    ("master", "- a\n- b", r"FILE:1: 'key: value' lines expected, got a list"),
    ("master", "id: x\n\tret_port: 1", r"FILE:2: .*"),
    ("master", "ret_port: http", r"FILE:1: 'ret_port' must be a whole number from 1 to 65535, got 'http'"),
    ("master", "ret_port: 70000", r"FILE:1: 'ret_port' must be a whole number from 1 to 65535, got .*"),
    ("master", "publish_port: 4505\nret_port: 4505", r"FILE: publish_port and ret_port are both 4505"),
    ("master", "timeout: 5 s", r"FILE:1: 'timeout' must be a number from 0\.1 to 86400, got '5 s'"),
    ("master", "log_level: loud", r"FILE:1: 'log_level' must be one of all, .*, got 'loud'"),
    ("master", "log_file: /nope/x", r"log_file: /nope/x cannot be written: No such file or directory"),
    ("master", "nodegroups: 5", r"FILE:1: 'nodegroups' must be a map of names to expressions, got '5'"),
    ("master", "publisher_acl: 5", r"FILE:1: 'publisher_acl' must be a map of users to functions, got '5'"),
    ("master", "store_url: mysql://u:secret@h/d", r"FILE:1: 'store_url': use sqlite:////absolute/path or .*"),
    ("master", "returners: {a: {type: jsnol}}", r"FILE:1: unknown type of returner 'jsnol'\. Did you mean 'jsonl'\?"),
    ("master", "returners: {a: {type: sql, url: x}}", r"returner 'a': 'url' is not driver://user:password@host/name"),
    ("master", "interface: 203.0.113.7", r"cannot listen on tcp://203\.0\.113\.7:4505: .*; see interface, .*"),
    ("minion", "idd: x", r"FILE:1: unknown key 'idd'\. Did you mean 'id'\?"),
    ("minion", "id: x\ntags: {a: b}", r"FILE:2: unknown key 'tags'\. .*"),
    ("minion", "id: a/b", r"FILE:1: 'id': bad minion id 'a/b': use .*"),
    ("minion", "id: x\nmaster: 1 2", r"FILE:2: 'master': bad master address '1 2': .*"),
    ("minion", "id: {", r"FILE:2: not YAML: .*"),
    ("minion", "id: x\ngrains: 5", r"FILE:2: 'grains' must be a map, got '5'"),
    ("minion", "id: x\nprocess_count_max: 0", r"FILE:2: 'process_count_max' must be a whole number from 1 .*"),
    ("minion", "id: x\ndisable_functions: {a: b}", r"FILE:2: 'disable_functions' must be .*, got a map"),
    ("minion", "id: x\nrecon_default: 50\nrecon_max: 20", r"FILE: recon_max \(20\) must not be less than .*"),
    ("minion", "id: x\nlog_file: /nope/x", r"log_file: /nope/x cannot be written: No such file or directory"),
    ("minion", "id: x", r"this box has not joined a fleet yet: run shoal-minion join STRING first .*"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("program", "text", "pattern"),
    CONFIGURATIONS,
    ids=[f"{p}: {t.splitlines()[-1]}" for p, t, _ in CONFIGURATIONS],
)
def test_wrong_configuration(short: Path, program: str, text: str, pattern: str) -> None:
    file = short / "etc/shoal" / program
    file.parent.mkdir(parents=True)
    file.write_text(text + "\n")
    pattern = pattern.replace("FILE", re.escape(str(file)))
    check_one_line(run(short, f"shoal-{program}"), CONFIG, f"shoal-{program}: {pattern}")


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_is_no_text(short: Path, program: str) -> None:
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal" / program).write_bytes(b"id: \xff\n")
    check_one_line(
        run(short, f"shoal-{program}"),
        CONFIG,
        rf"shoal-{program}: /\S+/etc/shoal/{program}:1: not UTF-8 \(byte 0xff\)",
    )


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_is_a_folder(short: Path, program: str) -> None:
    (short / "etc/shoal" / program).mkdir(parents=True)
    check_one_line(
        run(short, f"shoal-{program}"),
        CONFIG,
        rf"shoal-{program}: /\S+/etc/shoal/{program}: a folder, not a file",
    )


@pytest.mark.parametrize("program", ["master", "minion"])
def test_part_of_the_configuration_in_a_folder_is_named(short: Path, program: str) -> None:
    folder = short / "etc/shoal" / f"{program}.d"
    folder.mkdir(parents=True)
    (folder / "extra.conf").write_text("id: x\nlog_levl: info\n")
    check_one_line(
        run(short, f"shoal-{program}"), CONFIG,
        rf"shoal-{program}: {folder}/extra\.conf:2: unknown key 'log_levl'\. Did you mean 'log_level'\?",
    )  # fmt: skip


@pytest.mark.parametrize("program", ["master", "minion"])
def test_configuration_that_may_not_be_read(short: Path, program: str) -> None:
    file = short / "etc/shoal" / program
    file.parent.mkdir(parents=True)
    file.write_text("id: x\n")
    forbid(file)
    done = run(short, f"shoal-{program}", powerless=True)
    check_one_line(
        done, CONFIG, rf"shoal-{program}: /\S+/etc/shoal/{program}: cannot be read: Permission denied.*"
    )


# ------------------------------------------------------------------ joining


def test_wrong_join_strings(fleet: Fleet, short: Path) -> None:
    good = str(fleet.runner("token.join_string"))
    (short / "etc/shoal").mkdir(parents=True)
    (short / "etc/shoal/minion").write_text("id: box-1\n")
    for text, pattern in (
        ("hello", r"join string: it begins with shoal1-; copy it whole, from its first character"),
        (good[3:], r"join string: it begins with shoal1-; .*"),
        ("shoal1-abc", r"join string: cut short or a character is missing; copy it again"),
        (good[:-8], r"join string: .*copy it again.*"),
        (
            good[:40] + ("a" if good[40] != "a" else "b") + good[41:],
            r"join string: the checksum is wrong, .*",
        ),
        ("", r"join string: .*"),
    ):
        check_one_line(run(short, "shoal-minion", "join", text), CONFIG, rf"shoal-minion: {pattern}")
    check_one_line(
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
    check_one_line(
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
        check_one_line(
            run(short, *words), UNAVAILABLE,
            rf"{words[0]}: No master answers at {short}/run/shoal/master/master\.sock\. "
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
        check_one_line(
            run(root, *words), CONFIG,
            rf"{words[0]}: the socket's path \S+ has \d+ bytes, a unix socket can have 107\. "
            r"Use a shorter folder for --root or SHOAL_ROOT",
        )  # fmt: skip


def test_root_that_cannot_be_made() -> None:
    for words in (["shoal-master"], ["shoal-minion"]):
        check_one_line(
            run(Path("/dev/null/x"), *words), CONFIG,
            rf"{words[0]}: /dev/null/x/etc/shoal: cannot be made ready: Not a directory\. Run as root, or .*",
        )  # fmt: skip


def test_second_master_in_one_place(fleet: Fleet) -> None:
    assert fleet.master
    check_one_line(
        fleet.program("shoal-master", check=False), CONFIG,
        rf"shoal-master: another shoal-master runs already \(pid {fleet.master.pid}\); stop it first, "
        r"or use another --root",
    )  # fmt: skip


def test_second_minion_in_one_place(fleet: Fleet) -> None:
    pid = fleet.minions["web-1"].pid
    check_one_line(
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
        check_one_line(
            run(short, "shoal-master"), CONFIG,
            rf"shoal-master: cannot listen on tcp://127\.0\.0\.1:{ports[key]}: Address already in use; "
            r"see interface, publish_port, ret_port",
        )  # fmt: skip


def test_socket_that_is_for_others(short: Path) -> None:
    run_dir = short / "run/shoal/master"
    run_dir.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(run_dir / "master.sock"))
        listener.listen()
        forbid(run_dir / "master.sock")
        for words in (["shoal", "*", "test.ping"], ["shoal-run", "manage.up"], ["shoal-key"]):
            check_one_line(
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
