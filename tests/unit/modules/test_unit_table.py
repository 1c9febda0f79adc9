"""What systemctl 252 and 241 print, and what is read from it; names of units."""

from __future__ import annotations

import pytest

from modules.service.unit_name import instance_name, is_glob, script_name, short_name, unit_name
from modules.service.unit_table import blocks, properties, unit_files, units
from shoal.errors import ArgumentError

UNIT_FILES_252 = """\
proc-sys-fs-binfmt_misc.automount      static         -
cryptdisks.service                     masked         enabled
dbus-org.freedesktop.login1.service    alias          -
getty@.service                         enabled        enabled
postgresql.service                     generated      -
ssh.service                            enabled        enabled
"""
UNIT_FILES_241 = """\
getty@.service                         enabled
ssh.service                            enabled
"""
UNITS_252 = """\
dev-sda1.device               loaded    active   plugged   VBOX_HARDDISK 1
auditd.service                not-found inactive dead      auditd.service
container-getty@9.service     not-found inactive dead      container-getty@9.service
getty@tty1.service            loaded    active   running   Getty on tty1
nginx.service                 loaded    failed   failed    A high performance web server
ssh.service                   loaded    active   running   OpenBSD Secure Shell server
"""
UNITS_WITH_MARKS = """\
  ssh.service                   loaded    active   running   OpenBSD Secure Shell server
* nginx.service                 loaded    failed   failed    A high performance web server
● auditd.service                not-found inactive dead      auditd.service
"""
SHOW_252 = """\
Type=notify
Restart=on-failure
ExecStartPre={ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -t ; ignore_errors=no ; \
start_time=[n/a] ; stop_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }
ExecStart={ path=/usr/sbin/sshd ; argv[]=/usr/sbin/sshd -D $SSHD_OPTS ; ignore_errors=no ; \
start_time=[Mon 2026-01-05 10:00:00 UTC] ; stop_time=[n/a] ; pid=612 ; code=(null) ; status=0/0 }
Environment=A=1 B=two
Id=ssh.service
Names=sshd.service ssh.service
Requires=-.mount system.slice sysinit.target
Wants=
Description=OpenBSD Secure Shell server
LoadState=loaded
"""


def test_unit_files_with_and_without_the_preset_column() -> None:
    found = unit_files(UNIT_FILES_252)
    assert (found[0].unit, found[0].state) == ("proc-sys-fs-binfmt_misc.automount", "static")
    assert [each.state for each in found] == ["static", "masked", "alias", "enabled", "generated", "enabled"]
    assert [tuple(each) for each in unit_files(UNIT_FILES_241)] == [
        ("getty@.service", "enabled"),
        ("ssh.service", "enabled"),
    ]
    assert unit_files("\n") == []


def test_units_with_and_without_marks() -> None:
    assert [tuple(each) for each in units(UNITS_252)][3:5] == [
        ("getty@tty1.service", "loaded", "active", "running"),
        ("nginx.service", "loaded", "failed", "failed"),
    ]
    assert [each.unit for each in units(UNITS_WITH_MARKS)] == [
        "ssh.service",
        "nginx.service",
        "auditd.service",
    ]


def test_properties_of_a_unit() -> None:
    found = properties(SHOW_252)
    assert found["ExecStart"]["path"] == "/usr/sbin/sshd"
    assert found["ExecStart"]["argv[]"] == "/usr/sbin/sshd -D $SSHD_OPTS"
    assert found["ExecStart"]["pid"] == "612"
    assert found["ExecStartPre"]["status"] == "0/0"
    assert found["Environment"] == "A=1 B=two"
    assert found["Requires"] == ["-.mount", "system.slice", "sysinit.target"]
    assert found["Wants"] == []
    assert found["Description"] == "OpenBSD Secure Shell server"


def test_command_that_looks_like_its_frame() -> None:
    line = "ExecStart={ path=/bin/sh ; argv[]=/bin/sh -c a=1 ; echo { $a } ; ignore_errors=no ; pid=0 }"
    found = properties(line)["ExecStart"]
    assert found == {
        "path": "/bin/sh",
        "argv[]": "/bin/sh -c a=1 ; echo { $a }",
        "ignore_errors": "no",
        "pid": "0",
    }


def test_property_that_comes_thrice_is_a_list() -> None:
    lines = "".join(f"ExecStart={{ path=/bin/{name} ; argv[]=/bin/{name} }}\n" for name in "abc")
    assert [each["path"] for each in properties(lines)["ExecStart"]] == ["/bin/a", "/bin/b", "/bin/c"]


def test_blocks_of_several_units() -> None:
    assert [each["Id"] for each in blocks("\nId=a.service\n\nId=b.service\nX=1\n\n\nId=c.service\n")] == [
        "a.service",
        "b.service",
        "c.service",
    ]


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("ssh", "ssh.service"),
        ("ssh.service", "ssh.service"),
        ("ssh.socket", "ssh.socket"),
        ("org.example.thing", "org.example.thing.service"),
        ("service", "service.service"),
        ("getty@tty1", "getty@tty1.service"),
        (r"dev-disk-by\x2duuid.swap", r"dev-disk-by\x2duuid.swap"),
        ("user@1000.service", "user@1000.service"),
    ],
)
def test_name_is_completed(name: str, full: str) -> None:
    assert unit_name(name) == full


@pytest.mark.parametrize(
    "name",
    ["", "-f", "--root=/x", "a b", "a/b", "../x", ".x", "a\n", "a;b", "ssh*", "ä", "@tty1", "a" * 250, "x\0"],
)
def test_what_cannot_be_a_unit_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError):
        unit_name(name)


@pytest.mark.parametrize("name", ["", "-f", "--list", "a b", "a/b", ".x", "a\n", "ssh*", "..", ".service"])
def test_what_cannot_be_an_init_script_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError):
        script_name(name)


def test_short_names() -> None:
    assert short_name("ssh.service") == script_name("ssh.service") == "ssh"
    assert short_name("ssh.socket") == "ssh.socket"
    assert script_name("net.eth0") == "net.eth0"


def test_template_is_no_instance() -> None:
    assert instance_name("getty@tty1") == "getty@tty1.service"
    with pytest.raises(ArgumentError, match=r"getty@x\.service"):
        instance_name("getty@")


def test_patterns() -> None:
    assert is_glob("ssh*")
    assert is_glob("getty@tty[12]")
    assert not is_glob("ssh")
    with pytest.raises(ArgumentError):
        is_glob("*; rm")
