"""`ext_pillar` in the master's configuration: what is taken, and what is refused with its line (attack 24)."""

from __future__ import annotations

from pathlib import Path

import pytest

from master.config import MasterConfig
from master.pillar.sources.config import CommandSource, SqlSource, YamlDirSource
from shoal.config.read import read_config
from shoal.errors import ConfigError


def read(folder: Path, text: str) -> MasterConfig:
    file = folder / "master"
    file.write_text(text)
    file.chmod(0o600)
    return read_config([file], MasterConfig)


def test_each_source_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, """\
ext_pillar:
  - yaml_dir: /srv/boxes
  - yaml_dir: {path: /srv/more, under: more}
  - command: [/bin/cmdb, --yaml]
  - command: {argv: [/bin/cmdb], timeout_s: 3}
  - sql: {url: 'postgresql://u:hidden@h/d', query: 'SELECT k, v FROM t WHERE b = :minion_id'}
""")  # fmt: skip
    assert config.ext_pillar[:4] == (
        YamlDirSource(path=Path("/srv/boxes")),
        YamlDirSource(path=Path("/srv/more"), under="more"),
        CommandSource(argv=("/bin/cmdb", "--yaml")),
        CommandSource(argv=("/bin/cmdb",), timeout_s=3.0),
    )
    sql = config.ext_pillar[4]
    assert isinstance(sql, SqlSource)
    assert "hidden" not in repr(config)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ext_pillar: {yaml_dir: /x}", "master:1: 'ext_pillar' must be a list of maps of one source each"),
        ("ext_pillar: [x]", "master:1: 'ext_pillar' must be a list of maps of one source each"),
        (
            "ext_pillar:\n  - git: x",
            "master:2: 'ext_pillar': there is no source 'git'; there are yaml_dir, command, sql",
        ),
        ("ext_pillar:\n  - yaml_dir: relative", "master:2: 'yaml_dir' must be an absolute path"),
        (
            "ext_pillar:\n  - command: cmdb",
            "master:2: 'command': a list of words, the first an absolute path",
        ),
        ("ext_pillar:\n  - command: []", "master:2: 'command': a list of words, the first an absolute path"),
        ("ext_pillar:\n  - sql: x", "master:2: 'sql' must be a map with url and query"),
        (
            "ext_pillar:\n  - sql: {url: x, query: SELECT 1}",
            "'query': the query does not have the parameter :minion_id",
        ),
        ("ext_pillar:\n  - sql: {url: x}", "'query' is missing"),
        (
            "pillar_source_merging_strategy: best",
            "'pillar_source_merging_strategy' must be one of smart, recurse",
        ),
    ],
)
def test_refusal_says_the_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert message in str(caught.value)
