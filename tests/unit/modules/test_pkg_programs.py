"""How `pkg.*` starts apt, dnf and apk, with fake ones, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.pkg import apk, apt, change, dnf
from modules.pkg.changes import PackageError
from modules.pkg.contract import InstallOptions
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]

APT_GET = ["-q", "-y"]
KEEP = ["-o", "DPkg::Options::=--force-confdef", "-o", "DPkg::Options::=--force-confold"]
WAIT = ["-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0"]


@pytest.fixture
def debian(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """A box with bash and a held nginx 1.0; 1.0 and 2.0 of nginx are on offer."""
    monkeypatch.setattr(apt, "DPKG_FOLDER", tmp_path / "dpkg")
    monkeypatch.setattr(apt, "LISTS_FOLDER", tmp_path / "lists")
    monkeypatch.setattr(apt, "ARCHIVES_FOLDER", tmp_path / "archives")
    listing = tmp_path / "listing"
    listing.write_text("bash\tamd64\t5.2\tinstall\tinstalled\nnginx\tamd64\t1.0\thold\tinstalled\n")
    programs.say("dpkg-query", does=programs.printing(listing))
    programs.say("dpkg", "amd64\n")
    programs.add("apt-mark")
    programs.say("apt-get", does=f"printf 'curl\\tamd64\\t8.0\\tinstall\\tinstalled\\n' >> {listing}")
    table = "".join(f"     {v} 500\n        500 http://x y/main amd64 Packages\n" for v in ("2.0", "1.0"))
    names = ("nginx", "curl", "nginx-light")
    text = "".join(
        f"{name}:\n  Installed: (none)\n  Candidate: 2.0\n  Version table:\n{table}" for name in names
    )
    programs.say("apt-cache", text)
    return programs


def test_installation_never_asks_and_tells_what_changed(debian: FakePrograms, ask: Ask) -> None:
    assert ask("pkg.install curl") == {"curl": {"old": "", "new": "8.0"}}
    assert debian.calls("apt-get") == [[*APT_GET, *KEEP, *WAIT, "install", "--", "curl"]]


def test_environment_of_apt_leaves_no_room_for_questions(
    debian: FakePrograms, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBIAN_FRONTEND", "dialog")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    told = '"$DEBIAN_FRONTEND $NEEDRESTART_MODE $UCF_FORCE_CONFFOLD $LC_ALL"'
    debian.say("apt-get", does=f"echo {told} > {tmp_path}/env; read answer && exit 9; exit 0")
    ask("pkg.install curl")
    assert (tmp_path / "env").read_text() == "noninteractive l 1 C\n"


def test_every_choice_becomes_its_own_switch(debian: FakePrograms, ask: Ask) -> None:
    ask(
        "pkg.install nginx version=1.* fromrepo=bookworm-backports install_recommends=False only_upgrade=True "
        "reinstall=True downloadonly=True update_holds=True allow_downgrades=True skip_verify=True "
        "force_conf_new=True lock_timeout=7"
    )
    [argv] = debian.calls("apt-get")
    settings = [
        "-o",
        "DPkg::Options::=--force-confnew",
        "-o",
        "DPkg::Lock::Timeout=7",
        "-o",
        "Dpkg::Use-Pty=0",
    ]
    switches = [
        "--no-install-recommends",
        "--only-upgrade",
        "--reinstall",
        "--download-only",
        "--allow-downgrades",
    ]
    more = ["--allow-change-held-packages", "--allow-unauthenticated"]
    release = ["--target-release", "bookworm-backports"]
    assert argv == [*APT_GET, *settings, *release, *switches, *more, "install", "--", "nginx=1.0"]
    assert ["-o", "APT::Default-Release=bookworm-backports", "policy", "--", "nginx"] in debian.calls(
        "apt-cache"
    )


def test_list_of_names_and_versions(debian: FakePrograms, ask: Ask) -> None:
    ask("pkg.install pkgs='[curl, {nginx: 1.0}]'")
    ask("pkg.install pkgs=curl,nginx-light")
    ask("pkg.install curl,nginx")
    assert [argv[argv.index("--") + 1 :] for argv in debian.calls("apt-get")] == [
        ["curl", "nginx=1.0"],
        ["curl", "nginx-light"],
        ["curl", "nginx"],
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("pkg.install -y", "'-y' is not a package name"),
        ("pkg.install pkgs='[\"--reinstall\"]'", "'--reinstall' is not a package name"),
        ("pkg.install nginx-", "'nginx-' is not a package name"),
        ("pkg.install 'a b'", "'a b' is not a package name"),
        ("pkg.install curl version='1 2'", "'1 2' is not a package version"),
        ("pkg.install curl version=-1", "'-1' is not a package version"),
        ("pkg.install curl fromrepo=-x", "fromrepo: '-x' is not the name of a repository"),
        ("pkg.install nginx version='>=7'", "nginx: no version on offer fits '>=7'; there is 2.0, 1.0"),
        (
            "pkg.install nginx version=0.9",
            "nginx 1.0 is installed and 0.9 is older; say allow_downgrades=True",
        ),
        ("pkg.install pkgs=a version=1", "version belongs to name"),
        ("pkg.install nosuch", "apt knows no package nosuch"),
        ("pkg.install", "say what to install"),
        ("pkg.install sources=http://x/y.deb", "only a package file on the box"),
        ("pkg.install sources=/nowhere/y.deb", "there is no such file"),
        ("pkg.install sources=y.deb", "not an absolute path"),
        ("pkg.remove -- ", "'--' is not a package name"),
        ("pkg.remove", "say what to remove"),
        ("pkg.hold", "say which packages"),
        ("pkg.owner bin/ls", "'bin/ls' is not an absolute path"),
        ("pkg.list_repo_pkgs", "at least one name"),
        ("pkg.version_cmp 1 '2;3'", "'2;3' is not a package version"),
    ],
)
def test_what_is_refused_before_apt_starts(debian: FakePrograms, ask: Ask, line: str, words: str) -> None:
    with pytest.raises(ArgumentError) as error:
        ask(line)
    assert words in str(error.value)
    assert debian.calls("apt-get") == []


def test_removal_is_asked_only_for_what_is_there(debian: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    debian.say("apt-get", does=f"echo 'bash\tamd64\t5.2\tinstall\tinstalled' > {tmp_path}/listing")
    assert ask("pkg.remove pkgs=nginx,curl") == {"nginx": {"old": "1.0", "new": ""}}
    assert debian.calls("apt-get") == [[*APT_GET, *KEEP, *WAIT, "remove", "--", "nginx"]]
    assert ask("pkg.purge nginx") == {}
    assert len(debian.calls("apt-get")) == 1


def test_failure_has_the_reasons_of_apt_and_what_was_done(
    debian: FakePrograms, ctx: Context, tmp_path: Path
) -> None:
    line = "curl\\tamd64\\t8.0\\tinstall\\tinstalled\\n"
    debian.say("apt-get", does=f"printf '{line}' >> {tmp_path}/listing; echo 'E: no space' >&2; exit 100")
    with pytest.raises(PackageError) as error:
        change.install(ctx, "curl")
    assert str(error.value) == (
        "apt-get install ended with return code 100: no space; changed all the same: curl absent to 8.0"
    )
    assert error.value.changes == {"curl": {"old": "", "new": "8.0"}}


def test_interrupted_dpkg_is_finished_first_and_that_is_told(
    debian: FakePrograms, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "dpkg/updates").mkdir(parents=True)
    (tmp_path / "dpkg/updates/0001").touch()
    assert ask("pkg.install curl") == {
        "curl": {"old": "", "new": "8.0"},
        "(interrupted run)": {"old": "unfinished", "new": "repaired"},
    }
    assert ["--force-confdef", "--force-confold", "--configure", "-a"] in debian.calls("dpkg")


def test_package_left_half_configured_is_finished_first(
    debian: FakePrograms, ask: Ask, tmp_path: Path
) -> None:
    with (tmp_path / "listing").open("a") as file:
        file.write("sl\tamd64\t5\tinstall\thalf-configured\n")
    assert "(interrupted run)" in ask("pkg.install curl")
    assert ask("pkg.version sl") == ""


def test_dpkg_that_cannot_be_finished_stops_the_change(
    debian: FakePrograms, ask: Ask, tmp_path: Path
) -> None:
    (tmp_path / "dpkg/updates").mkdir(parents=True)
    (tmp_path / "dpkg/updates/0001").touch()
    debian.say("dpkg --configure", err="dpkg: error: broken\n", code=1)
    with pytest.raises(CommandError, match=r"`dpkg --configure -a` fails: dpkg: error: broken"):
        ask("pkg.install curl")
    assert debian.calls("apt-get") == []


def test_lists_that_are_young_enough_are_not_fetched(debian: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    assert ask("pkg.refresh_db cache_valid_time=600") == {}
    assert debian.calls("apt-get") == []
    debian.say("apt-get", "Get:1 http://x y InRelease [1 kB]\nErr:2 http://z y InRelease\n")
    assert ask("pkg.refresh_db") == {"http://x y InRelease": True, "http://z y InRelease": False}
    with pytest.raises(ModuleError, match="cannot be fetched: http://z y InRelease"):
        ask("pkg.refresh_db failhard=True")


def test_broken_configuration_of_apt_is_an_error(debian: FakePrograms, ask: Ask) -> None:
    debian.say("apt-get", err="E: Malformed entry 1 in list file /x\n", code=100)
    with pytest.raises(CommandError, match="Malformed entry 1"):
        ask("pkg.refresh_db")


def test_hold_tells_what_changed_for_each_package(debian: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    text = "bash\\tamd64\\t5.2\\thold\\tinstalled\\nnginx\\tamd64\\t1.0\\thold\\tinstalled\\n"
    debian.say("apt-mark", does=f"printf '{text}' > {tmp_path}/listing")
    found = ask("pkg.hold pkgs=bash,nginx,sl")
    assert debian.calls("apt-mark") == [["hold", "--", "bash"]]
    assert found["bash"]["changes"] == {"old": "install", "new": "hold"}
    assert (found["nginx"]["result"], found["nginx"]["changes"]) == (True, {})
    assert (found["sl"]["result"], found["sl"]["comment"]) == (False, "Package sl is not installed.")


def test_latest_version_is_empty_where_nothing_is_newer(debian: FakePrograms, ask: Ask) -> None:
    assert ask("pkg.latest_version nginx curl bash refresh=False") == {
        "nginx": "2.0",
        "curl": "2.0",
        "bash": "",
    }
    assert ask("pkg.latest_version bash refresh=False show_installed=True") == "5.2"
    assert ask("pkg.upgrade_available nginx refresh=False") is True
    assert ask("pkg.upgrade_available curl refresh=False") is False
    assert debian.calls("apt-get") == []


def test_older_candidate_is_not_the_latest_version(debian: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "listing").write_text("nginx\tamd64\t10.0\tinstall\tinstalled\n")
    assert ask("pkg.latest_version nginx refresh=False") == ""


def test_apt_that_lost_the_race_for_a_lock_is_started_again(
    debian: FakePrograms, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "_PAUSE_S", 0.0)
    lost = "echo 'E: Could not get lock /x. It is held by process 7 (apt-get)' >&2; exit 100"
    debian.say("apt-get", does=f"[ -e {tmp_path}/free ] || {{ : > {tmp_path}/free; {lost}; }}")
    assert ask("pkg.install curl") == {}
    assert len(debian.calls("apt-get")) == 2
    (tmp_path / "free").unlink()
    with pytest.raises(CommandError, match=r"held by process 7 \(apt-get\)"):
        ask("pkg.install curl lock_timeout=0")


def test_path_is_no_pattern_for_dpkg(debian: FakePrograms, ask: Ask) -> None:
    assert ask("pkg.owner '/opt/a[1]*'") == ""
    assert debian.calls("dpkg-query")[-1] == ["--search", "--", "/opt/a\\[1]\\*"]


def test_box_without_package_manager_says_so(programs: FakePrograms, ask: Ask) -> None:
    with pytest.raises(UnavailableError, match="pkg is not available here because the box has none of apt"):
        ask("pkg.list_pkgs")


def test_programs_of_the_boxs_own_family_come_first(debian: FakePrograms, ask: Ask) -> None:
    for name in ("rpm", "dnf", "apk"):
        debian.say(name, code=1)
    assert ask("pkg.version bash") == "5.2"


@pytest.fixture
def redhat(programs: FakePrograms, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setattr(dnf, "RPM_LOCKS", ())
    monkeypatch.setattr(dnf, "_PAUSE_S", 0.0)
    rows = ("bash\t(none)\t5.1.8\t6.el9\tnoarch", "kernel\t0\t6.10\t1\tnoarch", "kernel\t0\t6.9\t1\tnoarch")
    programs.say("rpm", "".join(f"{row}\n" for row in rows))
    programs.add("dnf")
    return programs


def test_rpm_packages_with_several_versions(redhat: FakePrograms, ask: Ask) -> None:
    assert ask("pkg.list_pkgs") == {"bash": "5.1.8-6.el9", "kernel": "6.9-1,6.10-1"}
    assert ask("pkg.list_pkgs versions_as_list=True")["kernel"] == ["6.9-1", "6.10-1"]


def test_dnf_is_asked_without_questions(redhat: FakePrograms, ask: Ask) -> None:
    ask("pkg.install pkgs='[jq, {bash: 5.0-1}]' allow_downgrades=True install_recommends=False fromrepo=epel")
    ask("pkg.remove kernel")
    start = ["-y", "--setopt=exit_on_lock=True"]
    how = ["--repo=epel", "--setopt=install_weak_deps=False"]
    assert redhat.calls("dnf") == [
        [*start, "install", *how, "jq"],
        [*start, "downgrade", *how, "bash-5.0-1"],
        [*start, "remove", "--setopt=clean_requirements_on_remove=False", "kernel"],
    ]


def test_dnf_5_is_not_given_a_setting_that_it_may_not_know(redhat: FakePrograms, ask: Ask) -> None:
    redhat.add("dnf5")
    (redhat.bin / "dnf").unlink()
    (redhat.bin / "dnf").symlink_to("dnf5")
    ask("pkg.install jq downloadonly=True")
    assert redhat.calls("dnf") == [["-y", "install", "--downloadonly", "jq"]]


def test_dnf_that_is_locked_is_started_again(redhat: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    redhat.say("dnf", does=f"[ -e {tmp_path}/free ] || {{ : > {tmp_path}/free; exit 200; }}")
    assert ask("pkg.install jq") == {}
    assert len(redhat.calls("dnf")) == 2


def test_dnf_that_stays_locked_is_an_error_with_the_holder(redhat: FakePrograms, ask: Ask) -> None:
    redhat.say("dnf", err="Waiting for process with pid 4242 to finish.\n", code=200)
    with pytest.raises(CommandError, match=r"busy after 0 seconds: Waiting for process with pid 4242"):
        ask("pkg.install jq lock_timeout=0")


def test_dnf_without_versionlock_cannot_hold(redhat: FakePrograms, ask: Ask) -> None:
    redhat.say("dnf", err="No such command: versionlock.\n", code=1)
    with pytest.raises(UnavailableError, match="dnf lacks its versionlock plugin"):
        ask("pkg.hold bash")


def test_upgrades_of_dnf(redhat: FakePrograms, ask: Ask) -> None:
    redhat.say("dnf", "bash\t0\t5.2\t1.el9\tnoarch\n\nnew\t0\t1\t1\tnoarch\n")
    assert ask("pkg.list_upgrades refresh=False") == {"bash": "5.2-1.el9"}
    assert ask("pkg.latest_version bash refresh=False") == "5.2-1.el9"


@pytest.fixture
def alpine(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setattr(apk, "WORLD", tmp_path / "world")
    monkeypatch.setattr(apk, "LOCK", str(tmp_path / "lock"))
    (tmp_path / "world").write_text("alpine-base\njq=1.7.1-r0\nfoo~1.2\nbar@edge\n")
    text = "jq-1.7.1-r0 x86_64 {jq} (MIT) [installed]"
    programs.say("apk list --installed", f"{text}\n")
    return programs


def test_apk_is_asked_to_wait_for_its_lock(alpine: FakePrograms, ask: Ask) -> None:
    ask("pkg.install curl version=8.5.0-r0 lock_timeout=9")
    ask("pkg.remove jq")
    changes = [argv for argv in alpine.calls("apk") if argv[0] == "--no-progress"]
    assert changes == [
        ["--no-progress", "--wait", "9", "add", "--upgrade", "--", "curl=8.5.0-r0"],
        ["--no-progress", "--wait", "300", "del", "--", "jq"],
    ]


def test_apk_holds_are_pins_in_its_world(alpine: FakePrograms, ask: Ask) -> None:
    assert ask("pkg.list_holds") == ["jq"]
    ask("pkg.unhold jq")
    assert alpine.calls("apk")[-1][3:] == ["add", "--", "jq"]


def test_choice_that_apk_lacks_is_refused(alpine: FakePrograms, ctx: Context) -> None:
    with pytest.raises(ArgumentError, match="install_recommends: apk has no such choice"):
        change.install(ctx, "curl", options=InstallOptions(install_recommends=False))
