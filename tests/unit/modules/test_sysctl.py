"""Kernel parameters: names in both spellings, files, and real ones in a network namespace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.sysctl import key, running
from modules.sysctl.conf_text import put, settings
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.namespaces import inside, needs_root

Ask = Callable[[str], Any]


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up /proc/sys."""
    root = tmp_path / "sys"
    (root / "net/ipv4/conf/eth0.100").mkdir(parents=True)
    (root / "net/ipv4/conf/eth0.100/forwarding").write_text("0\n")
    (root / "net/ipv4/tcp_rmem").write_text("4096\t131072\t6291456\n")
    monkeypatch.setattr(key, "PROC_SYS", str(root))
    monkeypatch.setattr(running, "CONFIG", str(tmp_path / "sysctl.d" / "99-shoal.conf"))
    return root


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/100.forwarding", "net/ipv4/conf/eth0.100/forwarding"),
        ("net/ipv4/conf/eth0.100/forwarding", "net/ipv4/conf/eth0.100/forwarding"),
    ],
)
def test_both_spellings_mean_one_file(name: str, path: str) -> None:
    assert "/".join(key.parts(name)) == path
    assert key.parts(key.dotted(key.parts(name))) == key.parts(name)


@pytest.mark.parametrize(
    "name",
    ["", "/", "../etc/passwd", "net/../../etc", "/etc/passwd", "net..x", "a b", "-w", "net.ipv4.*", "a\nb"],
)
def test_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="is not the name of a kernel parameter"):
        key.parts(name)


def test_value_is_read_under_either_name(ask: Ask, proc: Path) -> None:
    assert ask("sysctl.get net.ipv4.conf.eth0/100.forwarding") == "0"
    assert ask("sysctl.get net/ipv4/conf/eth0.100/forwarding") == "0"
    assert ask("sysctl.show") == {
        "net.ipv4.conf.eth0/100.forwarding": "0",
        "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    }


def test_unknown_parameter_is_told(ask: Ask, proc: Path) -> None:
    for line in ("sysctl.get net.nope", "sysctl.assign net.nope 1", "sysctl.persist net.nope 1"):
        with pytest.raises(ModuleError, match=r"net\.nope: the kernel has no such parameter"):
            ask(line)
    assert not Path(running.CONFIG).exists()


def test_persisted_value_is_in_the_kernel_and_in_the_file(ask: Ask, proc: Path) -> None:
    line = "sysctl.persist net/ipv4/conf/eth0.100/forwarding 1"
    assert ask(line) == "Updated"
    assert Path(running.CONFIG).read_text() == "net.ipv4.conf.eth0/100.forwarding = 1\n"
    assert ask("sysctl.get net/ipv4/conf/eth0.100/forwarding") == "1"
    assert ask(line) == "Already set"


def test_running_value_that_differs_is_set_though_the_file_has_it(ask: Ask, proc: Path) -> None:
    ask("sysctl.persist net.ipv4.conf.eth0/100.forwarding 1")
    (proc / "net/ipv4/conf/eth0.100/forwarding").write_text("0\n")
    assert ask("sysctl.persist net.ipv4.conf.eth0/100.forwarding 1") == "Updated"
    assert ask("sysctl.get net.ipv4.conf.eth0/100.forwarding") == "1"


def test_spaces_between_the_words_of_a_value_do_not_count(ask: Ask, proc: Path) -> None:
    Path(running.CONFIG).parent.mkdir()
    Path(running.CONFIG).write_text("net.ipv4.tcp_rmem=4096 131072   6291456\n")
    assert ask("sysctl.persist net.ipv4.tcp_rmem '4096 131072 6291456'") == "Already set"


def test_value_of_two_lines_is_refused(ctx: Any, proc: Path) -> None:
    for value in ("1\nkernel.x = 2", "", "x" * 5000):
        with pytest.raises(ArgumentError, match="one line"):
            running.persist(ctx, "net.ipv4.tcp_rmem", value)


CONF = "# comment\n; other\n-net.ipv4.a = 1\nnet/ipv4/b=2\nnet.ipv4.conf.*.c = 3\nkernel.d = x = y\nnet.ipv4.b = 5\n"


def test_file_is_read_in_all_spellings(ask: Ask, tmp_path: Path) -> None:
    assert settings(CONF) == {"net.ipv4.a": "1", "net.ipv4.b": "5", "kernel.d": "x = y"}
    (tmp_path / "conf").write_text(CONF)
    assert ask(f"sysctl.show config_file={tmp_path}/conf") == settings(CONF)


def test_changed_line_is_the_last_one_and_the_rest_stays() -> None:
    assert put(CONF, "net.ipv4.b", "7") == CONF.replace("net/ipv4/b=2\n", "").replace("b = 5", "b = 7")
    assert put(CONF, "net.ipv4.a", "1") == CONF
    assert put(CONF, "net.ipv4.new", "1") == CONF + "net.ipv4.new = 1\n"
    assert put("", "a.b", "1") == "a.b = 1\n"


def test_this_kernel_says_what_it_is(ask: Ask) -> None:
    assert ask("sysctl.get kernel.ostype") == "Linux"
    assert ask("sysctl.show")["kernel.ostype"] == "Linux"


@needs_root
def test_forwarding_is_set_in_a_network_of_its_own(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    code = f"""
from modules.sysctl import running
answer = [running.get(ctx, "net.ipv4.ip_forward"), running.assign(ctx, "net.ipv4.ip_forward", 1)]
answer.append(running.get(ctx, "net/ipv4/ip_forward"))
answer.append(running.persist(ctx, "net.ipv4.ip_forward", "0", {str(conf)!r}))
answer.append(running.get(ctx, "net.ipv4.ip_forward"))
answer.append(failure(running.persist, "net.ipv4.ip_forward", "many", {str(conf)!r}))
answer.append(failure(running.assign, "net.ipv4.route.flush", "1") or running.assign(ctx, "net.ipv4.route.flush", 1))
"""
    found = inside("-n", code)
    assert found[1:5] == [{"net.ipv4.ip_forward": "1"}, "1", "Updated", "0"]
    assert "cannot be set to 'many': Invalid argument" in found[5]
    assert found[6] == {"net.ipv4.route.flush": "1"}  # write-only
    assert conf.read_text() == "net.ipv4.ip_forward = 0\n"
