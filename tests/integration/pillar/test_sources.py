"""External sources with real files, programs and databases."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from master.pillar.sources.command import Command
from master.pillar.sources.config import CommandSource, SqlSource, YamlDirSource
from master.pillar.sources.gather import Sources
from shoal.errors import ConfigError, RenderError
from shoal.pillar.compiler import PillarCompiler, Rules
from shoal.pillar.failure import PillarError
from shoal.pillar.inputs import Box
from shoal.secret import Secret
from tests.fleet import until

QUERY = "SELECT name, value FROM pillar WHERE box = :minion_id ORDER BY name"


def script(folder: Path, body: str) -> str:
    path = folder / "source"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def test_program_is_given_the_id_as_one_argument(tmp_path: Path) -> None:
    program = script(tmp_path, 'echo "count: $#"; echo "id: |"; printf "  %s" "$2"')
    for minion in ("web-1", "a;id", "$(id)", "a b'\"", "{x}", "`id`", "*"):
        assert Command([program, "--json"], 10).fetch(minion, {}) == {"count": 2, "id": minion}


def test_program_gets_a_bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "hunter2")
    value = Command([script(tmp_path, "env | sed 's/=.*/: x/'")], 10).fetch("web-1", {})
    assert set(value) <= {"PATH", "LC_ALL", "PWD", "_", "SHLVL", "OLDPWD"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("exit 3", "ended with return code 3"),
        ("exec sleep 60", "did not end within 0.3 s"),
        ("yes", "prints more than 4194304 bytes|did not end within"),
        ("echo '- a'", "it must print a map, not a list"),
        ("printf '\\377'", "its output is not UTF-8"),
        ("echo 'a: !!python/object:x y'", "is not allowed"),
        ("echo 'a: !sealed abc='", "is for pillar files on the master"),
        ("kill -9 $$", "ended with return code -9"),
    ],
)
def test_program_that_misbehaves_is_one_error(body: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(RenderError, match=why) as caught:
        Command([script(tmp_path, body)], 0.3).fetch("web-1", {})
    assert "\n" not in str(caught.value)


def test_program_that_leaves_somebody_behind_is_cleared(tmp_path: Path) -> None:
    body = f"sleep 60 >/dev/null & echo $! > {tmp_path}/pid; echo 'a: 1'"
    assert Command([script(tmp_path, body)], 10).fetch("web-1", {}) == {"a": 1}
    pid = int((tmp_path / "pid").read_text())
    until("the one left behind to be gone", lambda: _is_gone(pid))


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except FileNotFoundError:
        return True


def test_program_that_is_not_there_is_one_error() -> None:
    with pytest.raises(RenderError, match="command /no/such: cannot be started: No such file or directory"):
        Command(["/no/such"], 1).fetch("web-1", {})


def database(folder: Path, rows: list[tuple[Any, ...]]) -> Secret:
    path = folder / "cmdb.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE pillar (box, name, value)")
        connection.executemany("INSERT INTO pillar VALUES (?, ?, ?)", rows)
    connection.close()
    return Secret(f"sqlite:///{path}")


def test_query_gives_keys_and_values(tmp_path: Path) -> None:
    url = database(tmp_path, [("web-1", "db:host", "h"), ("web-1", "db:port", 5432), ("web-2", "x", "y")])
    sources = Sources([SqlSource(url=url, query=QUERY, under="cmdb")])
    assert sources.fetch("web-1", {}) == {"cmdb": {"db": {"host": "h", "port": 5432}}}
    assert sources.fetch("' OR 1=1 --", {}) == {"cmdb": {}}


def test_query_s_errors_show_no_password(tmp_path: Path) -> None:
    url = database(tmp_path, [("b", "a", "1"), ("b", "a:b", "2")])
    for source, why in (
        (SqlSource(url=url, query=QUERY), "'a:b' goes below a key that has a value"),
        (SqlSource(url=url, query="SELECT :minion_id"), "the query gives 1 columns, two expected"),
        (SqlSource(url=url, query="SELECT nope FROM gone WHERE x = :minion_id"), "no such table: gone"),
        (SqlSource(url=Secret("nodriver://u:hunter2@h/d"), query=QUERY), "the driver is not installed"),
    ):
        with pytest.raises(PillarError, match=why) as caught:
            Sources([source]).fetch("b", {})
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError) as refused:
        Sources([SqlSource(url=Secret("hunter2 is no url"), query=QUERY)])
    assert "hunter2" not in str(refused.value)


def test_folder_of_files_goes_by_tag_and_by_box(tmp_path: Path) -> None:
    (tmp_path / "tags/site").mkdir(parents=True)
    (tmp_path / "tags/site/paris.yaml").write_text("tz: Europe/Paris\nn: {a: 1}\n")
    (tmp_path / "web-1.yaml").write_text("n: {b: 2}\n")
    sources = Sources([YamlDirSource(path=tmp_path)])
    assert sources.fetch("web-1", {"site": "paris"}) == {"tz": "Europe/Paris", "n": {"a": 1, "b": 2}}
    assert sources.fetch("web-2", {"site": ["rome", "paris"]}) == {"tz": "Europe/Paris", "n": {"a": 1}}
    assert sources.fetch("web-3", {"site": "../../web-1", "..": "x", "site/paris": "x"}) == {}
    (tmp_path / "web-1.yaml").write_text("n: {b: 3}\n")
    assert sources.fetch("web-1", {}) == {"n": {"b": 3}}


def test_template_in_a_data_file_is_text(tmp_path: Path) -> None:
    (tmp_path / "web-1.yaml").write_text("a: '{{ 1 + 1 }}'\n")
    assert Sources([YamlDirSource(path=tmp_path)]).fetch("web-1", {}) == {"a": "{{ 1 + 1 }}"}


def test_one_source_that_fails_fails_all(tmp_path: Path) -> None:
    (tmp_path / "web-1.yaml").write_text("a: 1\na: 2\n")
    bad = CommandSource(argv=("/no/such",))
    with pytest.raises(PillarError) as caught:
        Sources([YamlDirSource(path=tmp_path), bad, YamlDirSource(path=tmp_path / "gone")]).fetch("web-1", {})
    assert [error.problem.partition(":")[0] for error in caught.value.errors] == [
        "duplicate key 'a' (first on line 1)", "ext_pillar", "ext_pillar",
    ]  # fmt: skip


@pytest.mark.parametrize(("first", "winner"), [(True, "sls"), (False, "ext")])
def test_order_decides_who_goes_over_whom(first: bool, winner: str, tmp_path: Path) -> None:
    (tmp_path / "top.sls").write_text("base:\n  '*': [a]\n")
    text = "who: sls\nseen: {{ salt['pillar.get']('only', 'nothing') }}\n"
    (tmp_path / "a.sls").write_text(text)
    compiler = PillarCompiler({"base": (tmp_path,)}, Rules(external_first=first))
    made = compiler.compile(Box(id="b", external={"who": "ext", "only": "here"})).value
    assert made == {"who": winner, "only": "here", "seen": "here" if first else "nothing"}
    other = compiler.compile(Box(id="b", external={"who": "ext", "only": "there"})).value
    assert other["seen"] == ("there" if first else "nothing")


def test_source_is_never_chosen_by_a_box(tmp_path: Path) -> None:
    """Attack 24: whatever grains say of sources, only the master's configuration has any."""
    (tmp_path / "top.sls").write_text("base:\n  '*': [a]\n")
    (tmp_path / "a.sls").write_text("a: 1\n")
    mark = tmp_path / "ran"
    evil = {
        "ext_pillar": [{"command": ["/bin/touch", str(mark)]}, {"git": f"ext::sh -c touch% {mark}"}],
        "pillar_roots": {"base": ["/etc"]}, "pillarenv": "../../etc", "saltenv": "/etc", "opts": {"ext_pillar": "x"},
    }  # fmt: skip
    compiler = PillarCompiler({"base": (tmp_path,)}, Rules())
    assert compiler.compile(Box(id="b", grains=json.loads(json.dumps(evil)))).value == {"a": 1}
    assert not mark.exists()
    for env in ("../..", "/etc", "a/../b", "\0", "x" * 300):
        with pytest.raises(PillarError, match="pillar_roots have no environment"):
            compiler.compile(Box(id="b"), env)
