"""What may be the name of a served file, and what may not however it is written (attack list 16)."""

from __future__ import annotations

import pytest

from shoal.errors import WireError
from shoal.files.names import check_env, check_name, is_served, read_url


@pytest.mark.parametrize(
    "name", ["", "top.sls", "web/nginx.conf", "a b", "ünï/čode", "%2e%2e/x", "a..b", ".hidden"]
)
def test_plain_name_is_taken_as_it_stands(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["..", "../x", "a/../b", "a/..", "/etc/shadow", "//etc", "a//b", "a/", "./a", "a/./b", "..\\x", "a\\b", "a\0b",
     "a\nb", "x" * 1025, 7, None, b"x"],
)  # fmt: skip
def test_name_that_could_leave_its_root_is_refused(name: object) -> None:
    with pytest.raises(WireError, match="name"):
        check_name(name)


@pytest.mark.parametrize("env", ["base", "dev", "feature/x", "v1.2@lab", "_"])
def test_environment_may_be_a_branch(env: str) -> None:
    assert check_env(env) == env


@pytest.mark.parametrize("env", ["", "..", "../x", "a/../b", "/a", "-x", "a b", "a//b", "x" * 129, "ü", None])
def test_environment_that_could_be_a_way_out_is_refused(env: object) -> None:
    with pytest.raises(WireError, match="environment"):
        check_env(env)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("shoal://a/b", ("a/b", "base")),
        ("salt://a/b?saltenv=dev", ("a/b", "dev")),
        ("a/b", ("a/b", "base")),
        ("shoal:///a/b/", ("a/b", "base")),
        ("shoal://", ("", "base")),
    ],
)
def test_address_names_file_and_environment(url: str, found: tuple[str, str]) -> None:
    assert read_url(url) == found


@pytest.mark.parametrize("url", ["shoal://../../etc/shadow", "salt://a/../../b", "shoal://a?saltenv=../x"])
def test_address_that_leads_out_is_refused(url: str) -> None:
    with pytest.raises(WireError):
        read_url(url)


def test_other_schemes_are_not_served() -> None:
    assert is_served("salt://x")
    assert not is_served("https://x")
    assert not is_served("/etc/passwd")
