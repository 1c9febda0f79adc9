"""What package programs print, as recorded from them, and what is read in it."""

from __future__ import annotations

from typing import Any

import pytest

from modules.pkg import apk_text, apt_text, deb822, dnf_text
from modules.pkg.contract import Step

NATIVE = frozenset({"x86_64", "noarch"})

POLICY = """\
bash:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
libc6:i386:
  Installed: (none)
  Candidate: 2.36-9+deb12u14
  Version table:
     2.36-9+deb12u14 500 (phased 40%)
        500 http://deb.debian.org/debian bookworm/main i386 Packages
     2.36-9+deb12u7 -1
         -1 http://deb.debian.org/debian-security bookworm-security/main i386 Packages
mail-transport-agent:
  Installed: (none)
  Candidate: (none)
  Version table:
"""


def test_apt_policy() -> None:
    found = apt_text.policies(POLICY)
    assert {name: (each.candidate, each.on_offer) for name, each in found.items()} == {
        "bash": ("5.2.15-2+b13", ["5.2.15-2+b13"]),
        "libc6:i386": ("2.36-9+deb12u14", ["2.36-9+deb12u14", "2.36-9+deb12u7"]),
        "mail-transport-agent": ("", []),
    }


def test_apt_policy_of_an_old_apt_without_priorities() -> None:
    text = """\
sl:
  Installed: 3.03-17
  Candidate: 3.03-17
  Version table:
 *** 3.03-17 0
        500 http://ftp.debian.org/debian/ wheezy/main amd64 Packages
        100 /var/lib/dpkg/status
"""
    assert apt_text.policies(text)["sl"] == apt_text.Policy(candidate="3.03-17", on_offer=["3.03-17"])


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Inst hello (2.10-3 Debian:12.15/oldstable [amd64])", Step(name="hello", new="2.10-3")),
        (
            "Inst libss2 [1.47.0-2] (1.47.0-2+b2 Debian:12.15/oldstable [amd64]) []",
            Step(name="libss2", old="1.47.0-2", new="1.47.0-2+b2"),
        ),
        (
            "Inst python3-jwt [2.6.0-1] (2.6.0-1+deb12u1 Debian:12.15/oldstable, Debian-Security:12/x [all])",
            Step(name="python3-jwt", old="2.6.0-1", new="2.6.0-1+deb12u1"),
        ),
        (
            "Inst libc6 [2.36-9] (2.36-10 Debian:12/x [i386])",
            Step(name="libc6:i386", old="2.36-9", new="2.36-10"),
        ),
        ("Inst zlib1g:amd64 [1:1] (1:2 Debian:12/x [amd64])", Step(name="zlib1g", old="1:1", new="1:2")),
        ("Remv sl [5.02-1+b1]", Step(name="sl", old="5.02-1+b1")),
        ("Purg sl [5.02-1+b1]", Step(name="sl", old="5.02-1+b1")),
        ("Conf hello (2.10-3 Debian:12.15/oldstable [amd64])", None),
        ("The following NEW packages will be installed:", None),
    ],
)
def test_apt_simulation(line: str, step: Step | None) -> None:
    assert apt_text.steps(line, "amd64") == ([step] if step else [])


def test_dpkg_listing() -> None:
    text = (
        "bash\tamd64\t5.2.15-2+b8\tinstall\tinstalled\n"
        "libc6\ti386\t2.36-9\tinstall\tinstalled\n"
        "tzdata\tall\t2025b\thold\tinstalled\n"
        "sl\tamd64\t5.02\tdeinstall\tconfig-files\n"
        "broken line\n"
    )
    found = [(each.name, each.version, each.want, each.status) for each in apt_text.listing(text, "amd64")]
    assert found == [
        ("bash", "5.2.15-2+b8", "install", "installed"),
        ("libc6:i386", "2.36-9", "install", "installed"),
        ("tzdata", "2025b", "hold", "installed"),
        ("sl", "5.02", "deinstall", "config-files"),
    ]


def test_apt_update() -> None:
    text = """\
Hit:1 http://deb.debian.org/debian bookworm InRelease
Get:2 http://deb.debian.org/debian bookworm-updates InRelease [55.4 kB]
Ign:3 http://old.example.org ./ InRelease
Get:4 http://old.example.org ./ Release [1,204 B]
Err:5 http://gone.example.org stable InRelease
  Could not resolve 'gone.example.org'
Reading package lists...
"""
    assert apt_text.fetched(text) == {
        "http://deb.debian.org/debian bookworm InRelease": None,
        "http://deb.debian.org/debian bookworm-updates InRelease": True,
        "http://old.example.org ./ InRelease": None,
        "http://old.example.org ./ Release": True,
        "http://gone.example.org stable InRelease": False,
    }


def test_errors_of_apt_are_one_line() -> None:
    text = "W: careful\nE: Could not get lock /x. It is held by process 7 (apt)\nE: Unable to acquire it\n"
    assert (
        apt_text.complaints(text)
        == "Could not get lock /x. It is held by process 7 (apt); Unable to acquire it"
    )
    assert apt_text.complaints("something\nlast words\n\n") == "last words"
    assert apt_text.complaints("") == ""


def test_dpkg_owners_leave_diversions_out() -> None:
    text = (
        "diversion by dash from: /bin/sh\ndiversion by dash to: /bin/sh.distrib\n"
        "dash, libc6:amd64, x:i386: /bin/sh\n"
    )
    assert apt_text.owners(text, "/bin/sh", "amd64") == ["dash", "libc6", "x:i386"]
    assert apt_text.owners("dash: /bin/sh.more\n", "/bin/sh", "amd64") == []


def test_dpkg_paths_leave_diversions_out() -> None:
    text = "/.\n/bin\n/bin/sh\nlocally diverted to: /bin/x\npackage diverts others to: /y\n"
    assert apt_text.paths(text) == ["/bin", "/bin/sh"]


def test_verification_of_dpkg_and_rpm() -> None:
    text = """\
??5?????? c /etc/bash.bashrc
missing   c /etc/debuginfod/elfutils.urls
missing     /usr/lib/node_modules/npm/.npmrc
??5??????   /usr/lib/a file
SM5....T.  c /etc/yum.conf
.......T.    /usr/bin/x
missing     /root/x (Permission denied)
Unsatisfied dependencies for x
"""
    assert apt_text.verified(text) == {
        "/etc/bash.bashrc": {"type": "config", "mismatch": ["md5sum"]},
        "/etc/debuginfod/elfutils.urls": {"type": "config", "missing": True},
        "/usr/lib/node_modules/npm/.npmrc": {"missing": True},
        "/usr/lib/a file": {"mismatch": ["md5sum"]},
        "/etc/yum.conf": {"type": "config", "mismatch": ["size", "mode", "md5sum", "mtime"]},
        "/usr/bin/x": {"mismatch": ["mtime"]},
        "/root/x": {"missing": True},
    }


def test_stanzas_with_lines_that_go_on() -> None:
    text = "Package: a\nConffiles:\n /etc/a 12\n /etc/b 13\nDescription: short\n long\n .\n end\n\n\n# no\nPackage: b\n"
    assert list(deb822.stanzas(text, comments=True)) == [
        {"Package": "a", "Conffiles": "\n/etc/a 12\n/etc/b 13", "Description": "short\nlong\n.\nend"},
        {"Package": "b"},
    ]


def test_status_stanza_under_names_of_salt() -> None:
    stanza = {
        "Package": "a",
        "Version": "1",
        "Installed-Size": "7",
        "Section": "x",
        "Description": "short\nlong\n.\nend",
    }
    assert apt_text.info(stanza) == {
        "name": "a",
        "version": "1",
        "source": "a",
        "group": "x",
        "summary": "short",
        "description": "long\n\nend",
        "size": 7168,
    }


def test_rpm_listing() -> None:
    text = (
        "bash\t(none)\t5.1.8\t6.el9\tx86_64\nglibc\t(none)\t2.34\t60.el9\ti686\ntzdata\t0\t2023c\t1.el9\tnoarch\n"
        "openssl\t1\t3.0.7\t24.el9\tx86_64\ngpg-pubkey\t(none)\tfd431d51\t4ae0493b\t(none)\n"
    )
    assert dnf_text.listing(text, NATIVE) == [
        ("bash", "5.1.8-6.el9"),
        ("glibc.i686", "2.34-60.el9"),
        ("tzdata", "2023c-1.el9"),
        ("openssl", "1:3.0.7-24.el9"),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "Last metadata expiration check: 0:01:02 ago.\nbash-0:5.1.8-6.el9.*\npython3-foo-1:2.0-1.fc38.*\n",
            ["bash", "python3-foo"],
        ),
        ("!nginx-0:1.2-1.*\n", []),
        (
            "# Added by 'versionlock add' command 2024-01-01\nPackage name: bash\nevr = 5.2.26-3.fc40\n",
            ["bash"],
        ),
        ("", []),
    ],
)
def test_locks_of_dnf_4_and_5(text: str, names: list[str]) -> None:
    assert dnf_text.locked(text) == names


def test_repositories_of_dnf_and_those_that_failed() -> None:
    text = "repo id                repo name\nappstream              CentOS Stream 9 - AppStream\nepel-9   EPEL\n"
    assert dnf_text.repositories(text) == ["appstream", "epel-9"]
    said = "Error: Failed to download metadata for repo 'epel-9': Cannot download repomd.xml\n"
    assert dnf_text.failed_repositories(said) == {"epel-9"}
    assert dnf_text.complaints(f"noise\n{said}") == said.strip()


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("busybox-1.36.1-r5", ("busybox", "1.36.1-r5")),
        ("py3-yaml-6.0.1-r1", ("py3-yaml", "6.0.1-r1")),
        ("ca-certificates-bundle-20240226-r0", ("ca-certificates-bundle", "20240226-r0")),
        ("font-7x13-1.0_p2-r0", ("font-7x13", "1.0_p2-r0")),
        (".build-deps-20240101.101010", (".build-deps", "20240101.101010")),
        ("busybox", ("busybox", "")),
    ],
)
def test_apk_name_and_version(text: str, pair: tuple[str, str]) -> None:
    assert apk_text.split(text) == pair


def test_apk_lists() -> None:
    text = """\
WARNING: opening from cache http://x: No such file or directory
busybox-1.36.1-r5 x86_64 {busybox} (GPL-2.0-only) [installed]
ca-certificates-bundle-20240226-r0 x86_64 {ca-certificates} (MPL-2.0 AND MIT) [installed]
"""
    assert [(each["name"], each["version"], each["license"]) for each in apk_text.listing(text)] == [
        ("busybox", "1.36.1-r5", "GPL-2.0-only"),
        ("ca-certificates-bundle", "20240226-r0", "MPL-2.0 AND MIT"),
    ]
    newer = "busybox-1.36.1-r6 x86_64 {busybox} (GPL-2.0-only) [upgradable from: busybox-1.36.1-r5]\n"
    assert apk_text.upgrades(newer + text) == [Step(name="busybox", old="1.36.1-r5", new="1.36.1-r6")]


def test_apk_policy() -> None:
    text = """\
busybox policy:
  1.36.1-r5:
    lib/apk/db/installed
  1.36.1-r6:
    https://dl-cdn.alpinelinux.org/alpine/v3.19/main
    https://mirror.example.org/alpine/v3.19/main
"""
    assert apk_text.policies(text) == {"busybox": ["1.36.1-r6"]}


@pytest.mark.parametrize(
    ("line", "step"),
    [
        (
            "(1/2) Upgrading busybox (1.36.1-r5 -> 1.36.1-r6)",
            Step(name="busybox", old="1.36.1-r5", new="1.36.1-r6"),
        ),
        ("(2/2) Installing jq (1.7-r0)", Step(name="jq", new="1.7-r0")),
        ("(1/1) Purging jq (1.7-r0)", Step(name="jq", old="1.7-r0")),
        ("Executing busybox-1.36.1-r6.trigger", None),
    ],
)
def test_apk_simulation(line: str, step: Step | None) -> None:
    assert apk_text.planned(line) == ([step] if step else [])


def test_apk_info() -> None:
    text = """\
jq-1.7.1-r0 description:
A lightweight and flexible command-line JSON processor

jq-1.7.1-r0 webpage:
https://jqlang.github.io/jq/

jq-1.7.1-r0 installed size:
620 KiB

"""
    assert list(apk_text.sections(text)) == [
        ("jq-1.7.1-r0", "description", "A lightweight and flexible command-line JSON processor"),
        ("jq-1.7.1-r0", "webpage", "https://jqlang.github.io/jq/"),
        ("jq-1.7.1-r0", "installed size", "620 KiB"),
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            apk_text.paths("jq-1.7.1-r0 contains:\nusr/bin/jq\nusr/share/a b\n\n"),
            ["/usr/bin/jq", "/usr/share/a b"],
        ),
        (apk_text.owners("/bin/busybox is owned by busybox-1.36.1-r5\n"), ["busybox"]),
        (apk_text.owners("ERROR: /x: Could not find owner package\n"), []),
        (
            apk_text.audit("U etc/passwd\nA etc/new\nX bin/gone\n"),
            {"/etc/passwd": {"mismatch": ["md5sum"]}, "/bin/gone": {"missing": True}},
        ),
        (
            apk_text.complaints(
                "ERROR: unable to select packages:\n  nosuch (no such package):\n    required by: world[nosuch]\n"
            ),
            "ERROR: unable to select packages: nosuch (no such package): required by: world[nosuch]",
        ),
    ],
)
def test_apk_words(found: Any, expected: Any) -> None:
    assert found == expected
