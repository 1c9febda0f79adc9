"""`pkgrepo.*` on folders of the test's own, in the syntax of apt, dnf and apk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.pkgrepo import apk, apt, dnf, repos
from modules.pkgrepo.apt_source import Source, read_line
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]

DEBIAN_SOURCES = """\
# Debian, as installed
Types: deb deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm bookworm-updates
Components: main
 contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

# the other one
Enabled: no
types: deb
# why
URIs: http://deb.debian.org/debian-security/
Suites: bookworm-security
Components: main
Architectures: amd64 arm64
X-Note: keep me
"""
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A box with apt, dnf or apk is made by `programs.add`; its files are in this folder."""
    monkeypatch.setattr(apt, "MAIN_FILE", tmp_path / "sources.list")
    monkeypatch.setattr(apt, "FOLDER", tmp_path / "sources.list.d")
    monkeypatch.setattr(apt, "KEYRINGS", tmp_path / "keyrings")
    monkeypatch.setattr(dnf, "FOLDER", tmp_path / "yum.repos.d")
    monkeypatch.setattr(apk, "FILE", tmp_path / "repositories")
    for name in ("sources.list.d", "yum.repos.d"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    told: list[bool] = []
    monkeypatch.setattr(repos, "refresh_db", lambda ctx: told.append(True))
    return told


@pytest.fixture
def debian(programs: FakePrograms, root: Path, refreshed: list[bool]) -> Path:
    programs.add("apt-get")
    programs.add("dpkg-query")
    (root / "sources.list.d/debian.sources").write_text(DEBIAN_SOURCES)
    return root


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (
            "deb http://x/debian stable main",
            Source(type="deb", uri="http://x/debian", suite="stable", comps=("main",)),
        ),
        ("  deb-src\thttp://x ./ # why", Source(type="deb-src", uri="http://x", suite="./")),
        (
            '#deb [ arch=amd64,i386 signed-by="/k.gpg" Trusted=yes lang-=de ]  https://x  a/b  c d',
            Source(
                type="deb",
                uri="https://x",
                suite="a/b",
                comps=("c", "d"),
                options={"arch": "amd64,i386", "signed-by": "/k.gpg", "trusted": "yes", "lang-": "de"},
                disabled=True,
            ),
        ),
        ("## deb http://x a b", Source(type="deb", uri="http://x", suite="a", comps=("b",), disabled=True)),
        (
            "deb cdrom:[Debian GNU/Linux 12 _Bookworm_]/ bookworm main",
            Source(
                type="deb", uri="cdrom:[Debian GNU/Linux 12 _Bookworm_]/", suite="bookworm", comps=("main",)
            ),
        ),
        ("# deb lines were here, for example", None),
        ("# See sources.list(5)", None),
        ("deb http://x", None),
        ("rpm http://x a b", None),
        ("", None),
    ],
)
def test_one_line_form(line: str, source: Source | None) -> None:
    assert read_line(line) == source


def test_all_sources_are_listed_by_address(debian: Path, ask: Ask) -> None:
    (debian / "sources.list").write_text(
        "# prose\ndeb [arch=amd64] http://x/y stable main\n#deb http://x/y old main\n"
    )
    (debian / "sources.list.d/ignored.list.save").write_text("deb http://no stable main\n")
    found = ask("pkgrepo.list_repos")
    assert {uri: len(each) for uri, each in found.items()} == {
        "http://x/y": 2,
        "http://deb.debian.org/debian": 4,
        "http://deb.debian.org/debian-security/": 1,
    }
    assert found["http://x/y"][0] == {
        "type": "deb",
        "uri": "http://x/y",
        "dist": "stable",
        "comps": ["main"],
        "architectures": ["amd64"],
        "signedby": "",
        "disabled": False,
        "file": str(debian / "sources.list"),
        "line": "deb [arch=amd64] http://x/y stable main",
    }
    assert found["http://x/y"][1]["disabled"] is True
    security = found["http://deb.debian.org/debian-security/"][0]
    assert (security["disabled"], security["architectures"]) == (True, ["amd64", "arm64"])
    assert found["http://deb.debian.org/debian"][0]["comps"] == ["main", "contrib"]
    assert (
        found["http://deb.debian.org/debian"][0]["signedby"]
        == "/usr/share/keyrings/debian-archive-keyring.gpg"
    )


def test_new_source_gets_a_file_of_its_own_with_its_key(
    debian: Path, ask: Ask, refreshed: list[bool]
) -> None:
    line = "deb https://repo.example.org/apt bookworm main"
    found = ask(f"pkgrepo.mod_repo '{line}' architectures=amd64,arm64 key_text='{KEY}'")
    file = debian / "sources.list.d/repo-example-org-apt-bookworm.sources"
    key = debian / "keyrings/repo-example-org-apt-bookworm.asc"
    assert file.read_text() == (
        "Types: deb\nURIs: https://repo.example.org/apt\nSuites: bookworm\nComponents: main\n"
        f"Architectures: amd64 arm64\nSigned-By: {key}\n"
    )
    assert key.read_text() == KEY + "\n"
    assert (file.stat().st_mode & 0o7777, key.stat().st_mode & 0o7777) == (0o644, 0o644)
    assert found[line] == ask(f"pkgrepo.get_repo '{line}'")
    assert found[line]["architectures"] == ["amd64", "arm64"]
    assert refreshed == [True]
    ask(f"pkgrepo.mod_repo '{line}'")
    assert refreshed == [True]  # nothing changed the second time
    assert ask(f"pkgrepo.del_repo '{line}'") == f"{line} was removed from {file}"
    assert not file.exists()
    with pytest.raises(ModuleError, match="there is no such repository"):
        ask(f"pkgrepo.del_repo '{line}'")


def test_new_source_in_the_one_line_form(debian: Path, ask: Ask) -> None:
    ask("pkgrepo.mod_repo 'deb [trusted=yes] https://x.example ./' format=list disabled=True refresh=False")
    file = debian / "sources.list.d/x-example.list"
    assert file.read_text() == "# deb [trusted=yes] https://x.example ./\n"


def test_line_is_changed_where_it_stands(debian: Path, ask: Ask) -> None:
    path = debian / "sources.list"
    path.write_text("# first\ndeb [by-hash=no] http://x/y/ stable main # old\n\ndeb http://z a b\n")
    path.chmod(0o600)
    ask("pkgrepo.mod_repo 'deb http://x/y stable' comps=main,contrib disabled=True")
    assert (
        path.read_text() == "# first\n# deb [by-hash=no] http://x/y stable main contrib\n\ndeb http://z a b\n"
    )
    assert path.stat().st_mode & 0o7777 == 0o600
    assert ask("pkgrepo.get_repo 'deb http://x/y stable'")["options"] == {"by-hash": "no"}


def test_stanza_is_changed_where_it_stands_and_keeps_what_is_strange(debian: Path, ask: Ask) -> None:
    ask(
        "pkgrepo.mod_repo 'deb http://deb.debian.org/debian-security/ bookworm-security' "
        "disabled=False architectures=arm64"
    )
    text = (debian / "sources.list.d/debian.sources").read_text()
    before, after = DEBIAN_SOURCES, "types: deb\n# why\nURIs: http://deb.debian.org/debian-security/\n"
    assert text.startswith(before.partition("Enabled: no\n")[0] + after)
    assert text.endswith("Architectures: arm64\nX-Note: keep me\n")
    assert "Enabled" not in text


def test_source_is_taken_out_of_a_stanza_that_has_several(debian: Path, ask: Ask) -> None:
    path = debian / "sources.list.d/debian.sources"
    path.write_text(DEBIAN_SOURCES.replace("deb deb-src", "deb"))
    ask("pkgrepo.mod_repo 'deb http://deb.debian.org/debian bookworm-updates main' disabled=True")
    found = ask("pkgrepo.list_repos")["http://deb.debian.org/debian"]
    assert [(each["dist"], each["disabled"], each["comps"]) for each in found] == [
        ("bookworm", False, ["main", "contrib"]),
        ("bookworm-updates", True, ["main"]),
    ]
    ask("pkgrepo.del_repo 'deb http://deb.debian.org/debian bookworm main'")
    assert "bookworm-updates" in path.read_text()
    assert ask("pkgrepo.get_repo 'deb http://deb.debian.org/debian bookworm main'") == {}


def test_stanza_of_several_types_and_suites_is_left_alone(debian: Path, ask: Ask) -> None:
    with pytest.raises(ModuleError, match="split it by hand"):
        ask("pkgrepo.del_repo 'deb http://deb.debian.org/debian bookworm main'")
    assert (debian / "sources.list.d/debian.sources").read_text() == DEBIAN_SOURCES


def test_one_of_two_lines_goes_and_the_file_stays(debian: Path, ask: Ask) -> None:
    path = debian / "sources.list.d/two.list"
    path.write_text("deb http://x a b\n# deb http://x a b\ndeb http://y a b\n")
    ask("pkgrepo.del_repo 'deb http://x a b'")
    assert path.read_text() == "deb http://y a b\n"


def test_source_moves_to_the_file_that_is_named(debian: Path, ask: Ask) -> None:
    (debian / "sources.list").write_text("deb [arch=amd64] http://x a b\n")
    file = debian / "sources.list.d/own.sources"
    ask(f"pkgrepo.mod_repo 'deb http://x a' file={file}")
    assert file.read_text() == "Types: deb\nURIs: http://x\nSuites: a\nComponents: b\nArchitectures: amd64\n"
    assert (debian / "sources.list").read_text() == ""


def test_main_file_stays_even_when_nothing_is_left(debian: Path, ask: Ask) -> None:
    (debian / "sources.list").write_text("deb http://x a b\n")
    ask("pkgrepo.del_repo 'deb http://x a'")
    assert (debian / "sources.list").read_text() == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("'nonsense'", "is no apt source"),
        ("ppa:a/b", "PPA names are not looked up"),
        ("'deb http://x a b\ndeb http://evil a b'", "is no apt source"),
        ("'deb http://x a'", "suite 'a' without a component"),
        ("'deb http://x a/ b'", "component 'b' after the path 'a/'"),
        ("'deb http://x ../../a b'", "suite '../../a'"),
        ("'deb http://x a b' comps='[\"c\\nd\"]'", "component"),
        ("'deb http://x a b' settings='{\"by hash\": \"no\"}'", "option by hash='no'"),
        ("'deb http://x a b' settings='{\"by-hash\": \"no] evil\"}'", "option by-hash='no] evil'"),
        ("'deb http://x a b' signedby=/nowhere.gpg", "there is no file /nowhere.gpg"),
        ("'deb http://x a b' key_text=nonsense", "not an OpenPGP public key"),
        ("'deb http://x a b' key_url=https://x/key.asc", "only the path of a key file"),
        ("'deb http://x a b' file=/etc/passwd", "is neither"),
        ("'deb http://x a b' file=/etc/apt/sources.list.d/../x.list", "is neither"),
        ("'deb http://x a b' baseurl=http://y", "baseurl: apt has no such option"),
        ("'deb http://me:secret@x a'", "suite 'a'"),
    ],
)
def test_source_that_is_refused_leaves_no_file(debian: Path, ask: Ask, words: str, said: str) -> None:
    before = sorted(path for path in debian.rglob("*") if path.is_file())
    with pytest.raises(ArgumentError) as error:
        ask(f"pkgrepo.mod_repo {words}")
    assert said in str(error.value)
    assert sorted(path for path in debian.rglob("*") if path.is_file()) == before


def test_password_in_an_address_is_in_no_error(debian: Path, ask: Ask) -> None:
    with pytest.raises(ModuleError) as error:
        ask("pkgrepo.del_repo 'deb http://me:secret@x a b'")
    assert "secret" not in str(error.value)
    ask("pkgrepo.mod_repo 'deb http://me:secret@x.example a b'")
    assert (debian / "sources.list.d/x-example-a.sources").exists()


@pytest.mark.parametrize(
    ("first", "fine"), [(0x98, True), (0x99, True), (0xC6, True), (0x95, False), (0xC5, False)]
)
def test_binary_key_must_be_a_public_one(debian: Path, ask: Ask, first: int, fine: bool) -> None:
    path = debian / "key"
    path.write_bytes(bytes([first]) + b"\x01\xff\xfe")
    line = f"pkgrepo.mod_repo 'deb http://x.example a b' key_url={path}"
    if not fine:
        with pytest.raises(ArgumentError, match="not an OpenPGP public key"):
            ask(line)
        return
    ask(line)
    assert (debian / "keyrings/x-example-a.gpg").read_bytes() == path.read_bytes()


REPO_FILE = """\
# EPEL
[epel]
name=Extra Packages
baseurl=http://one.example/
  http://two.example/
enabled=1
# keep
gpgcheck=1

[epel-source]
name=Sources
baseurl=http://src.example/
enabled=0
"""


@pytest.fixture
def redhat(programs: FakePrograms, root: Path, refreshed: list[bool]) -> Path:
    programs.add("rpm")
    programs.add("dnf")
    (root / "yum.repos.d/epel.repo").write_text(REPO_FILE)
    return root


def test_repositories_of_dnf(redhat: Path, ask: Ask) -> None:
    file = redhat / "yum.repos.d/epel.repo"
    found = ask("pkgrepo.list_repos")
    assert found["epel"] == {
        "name": "Extra Packages",
        "baseurl": "http://one.example/\nhttp://two.example/",
        "enabled": "1",
        "gpgcheck": "1",
        "file": str(file),
    }
    assert ask("pkgrepo.get_repo epel-source")["enabled"] == "0"
    assert ask("pkgrepo.get_repo nosuch") == {}


def test_section_is_changed_where_it_stands(redhat: Path, ask: Ask) -> None:
    file = redhat / "yum.repos.d/epel.repo"
    ask("pkgrepo.mod_repo epel disabled=True baseurl=http://three.example/ settings='{priority: 5}'")
    assert file.read_text() == REPO_FILE.replace(
        "baseurl=http://one.example/\n  http://two.example/\nenabled=1\n# keep\ngpgcheck=1\n",
        "baseurl=http://three.example/\nenabled=0\n# keep\ngpgcheck=1\npriority=5\n",
    )
    ask("pkgrepo.del_repo epel")
    assert file.read_text() == "# EPEL\n" + REPO_FILE[REPO_FILE.index("[epel-source]") :]
    ask("pkgrepo.del_repo epel-source")
    assert not file.exists()


def test_new_repository_is_checked_for_signatures_unless_said(redhat: Path, ask: Ask) -> None:
    found = ask("pkgrepo.mod_repo tools baseurl=https://x.example/ gpgkey=file:///etc/pki/x")
    file = redhat / "yum.repos.d/tools.repo"
    assert file.read_text() == (
        "[tools]\nname=tools\nenabled=1\ngpgcheck=1\nbaseurl=https://x.example/\ngpgkey=file:///etc/pki/x\n"
    )
    assert found["tools"]["file"] == str(file)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("tools", "needs baseurl, mirrorlist or metalink"),
        ("'a]b' baseurl=http://x", "is not the id of a repository"),
        ("main baseurl=http://x", "is not the id of a repository"),
        ("tools baseurl='http://x\n[evil]'", "'baseurl' with its value"),
        ("tools baseurl=http://x file=/etc/x.repo", "is not a .repo file in"),
        ("epel file=other.repo", "is not a .repo file in"),
        ("tools baseurl=http://x comps=main", "comps: a .repo file has no such option"),
    ],
)
def test_repository_that_is_refused(redhat: Path, ask: Ask, words: str, said: str) -> None:
    with pytest.raises(ArgumentError) as error:
        ask(f"pkgrepo.mod_repo {words}")
    assert said in str(error.value)
    assert [path.name for path in (redhat / "yum.repos.d").iterdir()] == ["epel.repo"]


def test_repositories_of_apk(programs: FakePrograms, root: Path, ask: Ask, refreshed: list[bool]) -> None:
    programs.add("apk")
    main, edge = (
        "https://dl-cdn.alpinelinux.org/alpine/v3.19/main",
        "https://dl-cdn.alpinelinux.org/alpine/edge/testing",
    )
    (root / "repositories").write_text(f"# prose\n{main}\n#@old  /media/cdrom/apks\n")
    assert ask("pkgrepo.get_repo /media/cdrom/apks")["tag"] == "old"
    ask(f"pkgrepo.mod_repo {edge} tag=testing")
    ask(f"pkgrepo.mod_repo {main} disabled=True")
    ask("pkgrepo.mod_repo /media/cdrom/apks disabled=False")
    assert (
        root / "repositories"
    ).read_text() == f"# prose\n#{main}\n@old /media/cdrom/apks\n@testing {edge}\n"
    ask(f"pkgrepo.del_repo {main}")
    assert list(ask("pkgrepo.list_repos")) == ["/media/cdrom/apks", edge]
    with pytest.raises(ArgumentError, match="is not the address"):
        ask("pkgrepo.mod_repo 'http://x y'")
    with pytest.raises(ArgumentError, match="comps: apk has no such option"):
        ask(f"pkgrepo.mod_repo {main} comps=main")
