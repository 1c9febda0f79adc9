"""The master's and the minion's own sections."""

from __future__ import annotations

from pathlib import Path

import pytest

from master.acl_rules import AclRule, CallRule
from master.config import MasterConfig, read_master_config
from minion.config import MinionConfig, read_minion_config
from shoal.config.describe import describe
from shoal.config.read import read_config
from shoal.config.salt_keys import salt_advice
from shoal.errors import ConfigError
from shoal.paths import Paths
from shoal.wire import decode, encode

MASTER = """\
interface: 10.0.0.1
publish_port: 14505
ret_port: 14506
id: hub
advertise: [hub.example.com, "2001:db8::1"]
file_roots:
  base:
    - /srv/salt
    - /srv/formulas
  dev: /srv/dev
pillar_roots: {base: [/srv/pillar]}
nodegroups:
  web: web* and G@os:Debian
  listed: [a, or, b]
publisher_acl:
  fred: test.*
  ann:
    - test.ping
    - web*:
        - cmd.run
        - service.*
        - pkg.install:
            args: [nginx|curl]
            kwargs: {refresh: null}
    - disk.usage
store_url: postgresql://shoal:pass-word@db/shoal
timeout: 7
log_level: debug
"""

MINION = """\
id: edge-0001
master: [a.example.com, 10.0.0.2]
file_client: local
file_roots: {base: [/tmp/states]}
pillar_roots: {base: [/tmp/pillar]}
grains:
  roles: [web, db]
  rack: {row: 3, when: 2026-01-31}
nodegroups: {loop: N@pool, pool: N@loop or mon}
disable_modules: [cmd]
allowed_functions: test.*
"""


def write(folder: Path, name: str, text: str) -> Paths:
    (folder / "etc/shoal").mkdir(parents=True, exist_ok=True)
    (folder / "etc/shoal" / name).write_text(text)
    return Paths.for_master(str(folder)) if name.startswith("master") else Paths.for_minion(str(folder))


def test_master_reads_salts_shapes(tmp_path: Path) -> None:
    config = read_master_config(write(tmp_path, "master", MASTER))
    assert (config.id, config.publish_port, config.ret_port) == ("hub", 14505, 14506)
    assert config.advertise == ("hub.example.com", "2001:db8::1")
    assert config.file_roots == {
        "base": (Path("/srv/salt"), Path("/srv/formulas")),
        "dev": (Path("/srv/dev"),),
    }
    assert config.nodegroups == {"web": "web* and G@os:Debian", "listed": ("a", "or", "b")}
    assert config.publisher_acl == {
        "fred": (AclRule(functions=("test.*",)),),
        "ann": (
            AclRule(functions=("test.ping", "disk.usage")),
            AclRule(
                functions=("cmd.run", "service.*"),
                calls=(CallRule(function="pkg.install", args=("nginx|curl",), kwargs={"refresh": ""}),),
                target="web*",
            ),
        ),
    }
    assert config.store_url.reveal() == "postgresql://shoal:pass-word@db/shoal"
    assert "pass-word" not in repr(config)
    assert config.timeout == 7.0


def test_minion_reads_salts_shapes(tmp_path: Path) -> None:
    config = read_minion_config(write(tmp_path, "minion", MINION))
    assert (config.id, config.master) == ("edge-0001", ("a.example.com", "10.0.0.2"))
    assert config.grains == {"roles": ["web", "db"], "rack": {"row": 3, "when": "2026-01-31"}}
    assert config.nodegroups == {"loop": "N@pool", "pool": "N@loop or mon"}
    assert (config.disable_modules, config.allowed_functions) == (("cmd",), ("test.*",))


def test_what_modules_see_can_travel(tmp_path: Path) -> None:
    paths = write(tmp_path, "minion", MINION)
    seen = read_minion_config(paths).module_settings(paths)
    assert decode(encode(seen), 10_000) == seen
    assert seen["file_roots"] == {"base": ["/tmp/states"]}
    assert seen["cachedir"] == str(paths.cache_dir)


def test_yaml_extension_is_read_too(tmp_path: Path) -> None:
    assert read_minion_config(write(tmp_path, "minion.yaml", "id: box\n")).id == "box"


def test_drop_in_files_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "etc/shoal/minion.d").mkdir(parents=True)
    write(tmp_path, "minion.d/20.conf", "id: two\n")
    write(tmp_path, "minion.d/10.conf", "id: one\nmaster: x\n")
    write(tmp_path, "minion.d/.hidden.conf", "nonsense\n")
    write(tmp_path, "minion.d/note.txt", "nonsense\n")
    config = read_minion_config(write(tmp_path, "minion", "id: zero\n"))
    assert (config.id, config.master) == ("two", ("x",))


@pytest.mark.parametrize("section", [MasterConfig, MinionConfig])
def test_defaults_are_within_their_own_rules(section: type, tmp_path: Path) -> None:
    made = section()
    assert made == section()
    lines = []
    for row in describe(section):
        assert row.doc, row.key
        value = getattr(made, row.key)
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            lines.append(f"{row.key}: {value}")
    (tmp_path / "f").write_text("\n".join(lines))
    assert read_config([tmp_path / "f"], section) == made


@pytest.mark.parametrize("section", [MasterConfig, MinionConfig])
def test_no_key_is_called_both_known_and_foreign(section: type) -> None:
    assert not [row.key for row in describe(section) if salt_advice(row.key)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ret_port: 4505", "master: publish_port and ret_port are both 4505"),
        ("id: ../x", "master:1: 'id': bad minion id '../x'"),
        ("interface: 'a b'", "master:1: 'interface': bad master address 'a b'"),
        ("advertise: hub:4506", "master:1: 'advertise': bad master address 'hub:4506'"),
        ("file_roots: /srv/salt", "master:1: 'file_roots' must be a map, e.g. {base: [/srv/salt]}, got '/srv/salt'"),
        ("file_roots:\n  base: [srv]",
         "master:2: item 1 of 'base' in 'file_roots' must be an absolute path, got 'srv'"),
        ("file_roots:\n  ../x: [/srv]", "master:2: 'file_roots': '../x' is no name for an environment"),
        ("nodegroups: [a]", "master:1: 'nodegroups' must be a map of names to expressions, got a list"),
        ("nodegroups:\n  a: 1\n  b: {c: d}", "master:3: 'b' in 'nodegroups' must be text, got a map"),
        ("nodegroups:\n  'a b': x", "master:2: 'a b' in 'nodegroups': a name has no blanks, '@' or parentheses"),
        ("nodegroups:\n  a: []", "master:2: 'a' in 'nodegroups' is empty"),
        ("publisher_acl: [a]", "master:1: 'publisher_acl' must be a map of users to functions, got a list"),
        ("publisher_acl:\n  a: {b: [c]}", "master:2: 'a' in 'publisher_acl' must be a list of functions or {target"),
        ("publisher_acl:\n  a:\n  - cmd.run: {arg: x}",
         "master:3: 'cmd.run' of 'a' in 'publisher_acl' must be a map of 'args' and 'kwargs', got 'arg'"),
        ("publisher_acl:\n  a:\n  - cmd.run: {}",
         "master:3: 'cmd.run' of 'a' in 'publisher_acl' must be a map of 'args' and 'kwargs', got a map"),
        ("publisher_acl:\n  a:\n  - cmd.run: {args: ['(']}",
         "master:3: 'args' of 'cmd.run' of 'a' in 'publisher_acl': "),
        ("publisher_acl:\n  a:\n  - cmd.run: {args: ['(a+)+b']}",
         "master:3: 'args' of 'cmd.run' of 'a' in 'publisher_acl': "),
        ("publisher_acl:\n  a:\n  - cmd.run: {kwargs: [x]}",
         "master:3: 'kwargs' of 'cmd.run' of 'a' in 'publisher_acl' must be a map of names to patterns"),
        ("publisher_acl:\n  a:\n  - b:\n    - [c]",
         "master:4: item 1 of 'b' of 'a' in 'publisher_acl' must be text, got a list"),
        ("store_url: mysql://secret@db/x", "master:1: 'store_url': use sqlite:////absolute/path or postgresql://"),
        ("keep_jobs: 24", "master:1: 'keep_jobs' is a key of Salt's that Shoal does not have: use keep_jobs_seconds"),
        ("auto_accept: True", "master:1: 'auto_accept' is a key of Salt's that Shoal does not have: minions join"),
        ("ret_prot: 1", "master:1: unknown key 'ret_prot'. Did you mean 'ret_port'?"),
        ("log_format: xml", "master:1: 'log_format' must be one of text, json, got 'xml'"),
    ],
)  # fmt: skip
def test_master_refuses(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_master_config(write(tmp_path, "master", text + "\n"))
    assert str(caught.value).replace(f"{tmp_path}/etc/shoal/", "").startswith(error)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("mater: x", "minion:1: unknown key 'mater'. Did you mean 'master'?"),
        ("id: -x", "minion:1: 'id': bad minion id '-x'"),
        ("master: tcp://x", "minion:1: 'master': bad master address 'tcp://x'"),
        (
            "process_count_max: -1",
            "minion:1: 'process_count_max' must be a whole number from 1 to 1000, got '-1'",
        ),
        ("recon_max: 10", "minion: recon_max (10) must not be less than recon_default (1000)"),
        ("file_client: both", "minion:1: 'file_client' must be one of remote, local, got 'both'"),
        (
            "multiprocessing: True",
            "minion:1: 'multiprocessing' is a key of Salt's that Shoal does not have: every job",
        ),
        ("grains: [a]", "minion:1: 'grains' must be a map, got a list"),
    ],
)
def test_minion_refuses(tmp_path: Path, text: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_minion_config(write(tmp_path, "minion", text + "\n"))
    assert str(caught.value).replace(f"{tmp_path}/etc/shoal/", "").startswith(error)


def test_default_database_and_folders_follow_the_root() -> None:
    paths = Paths.for_master("/x", environ={})
    assert MasterConfig().database(paths).reveal() == "sqlite:////x/var/lib/shoal/master/master.db"
    assert MasterConfig().state_folders(paths) == {"base": (Path("/x/srv/salt"),)}
    assert MinionConfig().pillar_folders(Paths.for_minion("/x")) == {"base": (Path("/x/srv/pillar"),)}
