"""`returners` and `default_returners` in the master's configuration: what is taken, and one line for what is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from master.config import MasterConfig
from returners.webhook import WebhookOptions
from shoal.config.read import read_config
from shoal.errors import ConfigError


def read(folder: Path, text: str) -> MasterConfig:
    file = folder / "master"
    file.write_text(text.replace("FOLDER", str(folder)))
    return read_config([file], MasterConfig)


def test_options_are_read_with_their_defaults(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k3y-in-a-file\n")
    (tmp_path / "key").chmod(0o600)
    config = read(
        tmp_path,
        "returners:\n  hook:\n    type: webhook\n    url: https://example.com/a\n    secret_file: FOLDER/key\n"
        "    headers: {Authorization: Bearer 123456}\n    tries_max: 3\ndefault_returners: hook\n",
    )
    hook = config.returners["hook"]
    assert isinstance(hook, WebhookOptions)
    assert (hook.secret.reveal(), hook.tries_max, hook.batch_max_rows) == ("k3y-in-a-file", 3, 500)
    assert config.default_returners == ("hook",)
    assert {each.reveal() for each in config.secrets()} == {
        "", "k3y-in-a-file", "https://example.com/a", "Bearer 123456",
    }  # fmt: skip
    assert "k3y" not in repr(config)


WRONG = [
    ("returners: [jsonl]", r":1: 'returners' must be a map of names to maps, got a list"),
    ("returners: {a/b: {type: memory}}", r":1: 'a/b' is no name for a returner: use letters, .*"),
    (
        "returners:\n  a: memory",
        r":2: returner 'a' must be a map with a 'type', one of: jsonl, memory, sql, webhook",
    ),
    (
        "returners:\n  a:\n    type: webhok",
        r":3: unknown type of returner 'webhok'\. Did you mean 'webhook'\?",
    ),
    ("returners:\n  a: {type: jsonl}", r":2: 'path' is missing \(an absolute path\)"),
    ("returners:\n  a: {type: jsonl, path: r}", r":2: 'path' must be an absolute path, got 'r'"),
    (
        "returners:\n  a:\n    type: memory\n    keep_row: 3",
        r":4: unknown key 'keep_row'\. Did you mean 'keep_rows'\?",
    ),
    (
        "returners:\n  a: {type: memory, tries_max: 0}",
        r":2: 'tries_max' must be a whole number from 1 .*, got '0'",
    ),
    ("returners:\n  a: {type: sql}", r":2: 'url' is missing \(a database, or 'url_file' with one in it\)"),
    ("returners:\n  a: {type: webhook, url: ftp://x/}", r":2: 'url': use https://host/path, .*"),
    ("returners:\n  a: {type: webhook, url: 'https://x/ y'}", r":2: 'url': use https://host/path, .*"),
    ("returners:\n  a: {type: webhook, url: 'https://a:b@x/'}", r":2: 'url': no login in the URL: .*"),
    (
        "returners:\n  a: {type: webhook, url: 'https://x/', headers: {Host: y}}",
        r":2: 'headers': 'Host' is no header that may be set",
    ),
    (
        'returners:\n  a: {type: webhook, url: "https://x/", headers: {X: "a\\r\\nB: c"}}',
        r":2: 'headers': the value of 'X' is not printable ASCII text",
    ),
    (
        "returners:\n  a: {type: webhook, url: 'https://x/', secret_file: FOLDER/none}",
        r":2: 'secret_file': .*/none cannot be read: No such file or directory",
    ),
    (
        "returners:\n  a: {type: webhook, url: 'https://x/', secret_file: FOLDER/open}",
        r":2: 'secret_file': .*/open can be read by others; chmod 600 it",
    ),
    (
        "returners:\n  a: {type: webhook, url: 'https://x/', secret: abc, secret_file: FOLDER/open}",
        r":2: 'secret' and 'secret_file' are both given: keep one of them",
    ),
    (
        "returners:\n  log: {type: memory}\ndefault_returners: [lgo]",
        r": default_returners: no returner is called 'lgo'\. Did you mean 'log'\?",
    ),
    (
        "default_returners: [x]",
        r": default_returners: no returner is called 'x'\. The master's configuration has .*",
    ),
]


@pytest.mark.parametrize(("text", "line"), WRONG, ids=[line for _, line in WRONG])
def test_mistake_is_said_with_its_place(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "open").write_text("key")
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(ConfigError) as said:
        read(tmp_path, text)
    assert re.fullmatch(re.escape(str(tmp_path / "master")) + line, str(said.value)), said.value
