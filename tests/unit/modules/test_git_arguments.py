"""No word from outside becomes an option of git, reaches a helper program, or shows a login."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.context import Context
from modules.git.arguments import KEY, NAME, REFSPEC, REV, check, check_url, hidden, secrets_of, split_opts
from modules.git.history import rev_parse
from modules.git.refs import branch
from modules.git.remotes import fetch, ls_remote, pull
from modules.git.repository import clone, submodule
from modules.git.run import GitOptions, ssh_command, why
from shoal.errors import ArgumentError, CommandError

GOOD_URLS = [
    "https://git.example.com/site.git",
    "http://u:p@127.0.0.1:8080/x",
    "ssh://git@host:22/path",
    "git://host/x",
    "git@host.example:some/path.git",
    "host:path",
    "/srv/site.git",
    "file:///srv/site.git",
]
BAD_URLS = [
    "",
    "-oProxyCommand=sh",
    "--upload-pack=touch /tmp/x",
    "ext::sh -c touch% /tmp/x",
    "ext::x",
    "fd::17",
    "ssh://-oProxyCommand=sh/x",
    "ssh://u@-oProxyCommand=sh/x",
    "-h:path",
    "u@-h:path",
    "ftp://host/x",
    "rsync://host/x",
    "https://",
    "https://host/a b",
    "https://host/a\nb",
    "relative/path",
]


@pytest.mark.parametrize("url", GOOD_URLS)
def test_address_is_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize("url", BAD_URLS)
def test_address_is_refused_before_git_starts(ctx: Context, tmp_path: Path, url: str) -> None:
    with pytest.raises(ArgumentError, match="is no address to use"):
        clone(ctx, str(tmp_path / "x"), url)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("pattern", "fine", "bad"),
    [
        (
            REV,
            ["HEAD~2", "v1^{commit}", "a..b", ":/fix it", "main@{1 day ago}"],
            ["-x", "--all", "", "a\nb", " a"],
        ),
        (
            NAME,
            ["main", "topic/a", "v1.2", "ä"],
            ["-d", "", "a..b", "a b", "a~1", "/a", "a/", "a.lock", ".a", "a@{1}"],
        ),
        (REFSPEC, ["main", "+refs/heads/*:refs/remotes/o/*", "a:b"], ["-x", "+-x", "a b", "", "a\\b"]),
        (
            KEY,
            ["user.name", "branch.topic/a.remote", "a.b c.d"],
            ["user", "-x.y", "user.na me", "a.b=c", "a.b\n.c", ""],
        ),
    ],
)
def test_words_are_as_their_pattern_says(pattern: str, fine: list[str], bad: list[str]) -> None:
    for each in fine:
        assert check(pattern, each, "x") == each
    for each in bad:
        with pytest.raises(ArgumentError, match="cannot be x"):
            check(pattern, each, "x")


def test_options_are_read_against_a_list() -> None:
    allowed = {"--depth": "[0-9]+", "--bare": "", "-b": NAME}
    assert split_opts("--depth 1 --bare -b main rest", allowed) == (
        ["--depth=1", "--bare", "-b", "main"],
        ["rest"],
    )
    assert split_opts("--depth=1", allowed) == (["--depth=1"], [])
    for opts in (
        "--upload-pack=sh",
        "-c core.sshCommand=sh",
        "--depth x",
        "--depth",
        "--bare=1",
        "-b -x",
        "--",
        "'",
    ):
        with pytest.raises(ArgumentError):
            split_opts(opts, allowed)


def test_functions_refuse_what_could_start_a_program(ctx: Context, tmp_path: Path) -> None:
    cwd = str(tmp_path)
    for call in (
        lambda: clone(ctx, cwd, "/srv/x", opts="-u sh"),
        lambda: clone(ctx, cwd, "/srv/x", opts="--config core.sshCommand=sh"),
        lambda: clone(ctx, cwd, "/srv/x", name="../x"),
        lambda: clone(ctx, "relative", "/srv/x"),
        lambda: fetch(ctx, cwd, "--upload-pack=sh"),
        lambda: fetch(ctx, cwd, "origin", ["--upload-pack=sh"]),
        lambda: fetch(ctx, cwd, "ext::sh -c x"),
        lambda: pull(ctx, cwd, opts="--upload-pack sh"),
        lambda: ls_remote(ctx, cwd, "--upload-pack=sh"),
        lambda: rev_parse(ctx, cwd, "--exec-path=/tmp"),
        lambda: branch(ctx, cwd, "--edit-description"),
        lambda: submodule(ctx, cwd, "update", opts="--reference=/x"),
    ):
        with pytest.raises(ArgumentError):
            call()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://u:p@h/x", "https://******@h/x"),
        (
            "fatal: unable to access 'http://tok:p@ss@h:80/x/': no",
            "fatal: unable to access 'http://******@h:80/x/': no",
        ),
        ("https://token@h/x and https://h/y@z", "https://******@h/x and https://h/y@z"),
        ("ssh://git@h/x", "ssh://git@h/x"),
        ("ssh://git:pw@h/x", "ssh://git:******@h/x"),
        ("git@h:x", "git@h:x"),
    ],
)
def test_logins_are_hidden(text: str, expected: str) -> None:
    assert hidden(text) == expected


def test_login_is_in_no_error(ctx: Context, tmp_path: Path) -> None:
    url = "http://nutzer:geheim@127.0.0.1:1/x.git"
    with pytest.raises(CommandError) as refused:
        clone(ctx, str(tmp_path / "x"), url, options=GitOptions(timeout=20))
    assert "127.0.0.1" in str(refused.value)
    for secret in ("nutzer", "geheim"):
        assert secret not in str(refused.value)
    assert secrets_of(url) == ("nutzer:geheim", "geheim")


def test_error_is_the_line_that_tells_most() -> None:
    assert why("Cloning\nfatal: no\nhint: try\n") == "fatal: no"
    assert why("just this\n\n") == "just this"
    assert why("") == ""


def test_ssh_command_is_quoted(tmp_path: Path) -> None:
    key = tmp_path / "a key'; rm"
    key.write_text("")
    assert "BatchMode=yes" in ssh_command("")
    assert ssh_command(["", str(key)]).endswith("""/a key'"'"'; rm'""")
    with pytest.raises(ArgumentError, match="must be absolute"):
        ssh_command("key")
