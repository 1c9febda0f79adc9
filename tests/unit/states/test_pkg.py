"""`pkg` with a real apt on a Debian in a folder. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.states.real_apt import debian, packages
from tests.unit.states.trial import Box

__all__ = ["debian", "packages"]
ALREADY = "All specified packages are already installed"


class AptBox(Box):
    """A box whose packages, holds and configuration files are what a state must bring back."""

    def all(self) -> Any:
        """Return what dpkg knows, and /etc."""
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n"],
            capture_output=True,
            text=True,
            check=False,
        )
        known = [line for line in done.stdout.splitlines() if "not-installed" not in line]
        return known, super().all()


@pytest.fixture
def box(debian: Path) -> AptBox:
    return AptBox(debian / "etc")


def change(old: str, new: str) -> dict[str, str]:
    return {"old": old, "new": new}


def test_package_is_installed_upgraded_and_downgraded(box: AptBox) -> None:
    would = box.run("pkg.installed", "aaa", test=True, version="1.0")
    assert would.comment == "The following packages would be installed/updated: aaa"
    outcome = box.cycle("pkg.installed", "aaa", version="1.0")
    assert outcome.comment == "The following packages were installed/updated: aaa=1.0"
    assert outcome.changes == {"aaa": change("", "1.0")}
    box.run("pkg.installed", "aaa", version="1.0")
    assert (
        box.run("pkg.installed", "aaa", version="1.0").comment == f"{ALREADY} and are at the desired version"
    )
    assert box.run("pkg.installed", "aaa").comment == ALREADY
    assert box.cycle("pkg.installed", "aaa", version="1.1").changes == {"aaa": change("1.0", "1.1")}
    box.run("pkg.installed", "aaa", version="1.1")
    assert box.cycle("pkg.installed", "aaa", version="<1.1").changes == {"aaa": change("1.1", "1.0")}
    assert box.run("pkg.installed", "aaa", version="1.0", allow_downgrades=False).result is False


@pytest.mark.parametrize(
    ("version", "fine"), [(">=1.0", True), ("1.*", True), (1.0, True), ("<1", False), ("1.1", False)]
)
def test_version_that_is_here_may_be_what_was_wished(box: AptBox, version: str | float, fine: bool) -> None:
    box.run("pkg.installed", "aaa", version="1.0")
    assert box.plan("pkg.installed", "aaa", version=version).empty is fine
    assert box.plan("pkg.installed", "aaa", version="0.9", allow_updates=True).empty


def test_several_packages_come_in_one_call_with_what_they_need(box: AptBox) -> None:
    box.run("pkg.installed", "aaa")
    wanted = ["aaa", "bbb", {"ddd": "1:4.0-1"}]
    assert len(box.plan("pkg.installed", pkgs=wanted).steps) == 1
    outcome = box.cycle("pkg.installed", pkgs=wanted)
    assert outcome.changes == {
        "bbb": change("", "2.0"),
        "ccc": change("", "3.0"),
        "ddd": change("", "1:4.0-1"),
    }
    assert outcome.comment == (
        "The following packages were installed/updated: bbb, ddd=1:4.0-1\n"
        "The following packages were already installed: aaa"
    )


def test_package_that_is_not_on_offer_is_promised_with_a_warning_and_then_missed(box: AptBox) -> None:
    would = box.run("pkg.installed", "nosuch", test=True)
    assert (would.result, would.changes) == (None, {"nosuch": change("", "installed")})
    assert would.warnings == ("apt knows no package nosuch; try refresh=True, or check the name",)
    outcome = box.run("pkg.installed", "nosuch")
    assert outcome.result is False
    assert "apt knows no package nosuch" in outcome.comment
    box.undo()  # of what was never done
    assert box.run("pkg.installed", "aaa", version="9.9").result is False


def test_held_package_is_held_and_let_go(box: AptBox) -> None:
    box.run("pkg.installed", "aaa", version="1.0")
    would = box.run("pkg.installed", "aaa", test=True, hold=True)
    assert (would.result, would.comment) == (None, f"{ALREADY}.\nPackage aaa is set to be held.")
    outcome = box.cycle("pkg.installed", "aaa", hold=True)
    assert outcome.comment == f"{ALREADY}.\nPackage aaa is now being held."
    assert outcome.changes == {"aaa": change("install", "hold")}
    box.run("pkg.installed", "aaa", hold=True)
    said = f"{ALREADY}.\nPackage aaa is already set to be held."
    assert box.run("pkg.installed", "aaa", hold=True).comment == said
    assert box.run("pkg.installed", "aaa", version="1.1").result is False
    assert box.cycle("pkg.installed", "aaa", version="1.1", update_holds=True).result is True
    outcome = box.cycle("pkg.installed", "aaa", hold=False)
    assert outcome.comment == f"{ALREADY}.\nPackage aaa is no longer being held."


def test_states_that_only_hold(box: AptBox) -> None:
    box.run("pkg.installed", pkgs=["aaa", "ccc"])
    would = box.run("pkg.held", pkgs=["aaa", "ccc"], test=True)
    assert would.comment == "The following packages would be held: aaa, ccc"
    outcome = box.cycle("pkg.held", "aaa")
    assert (outcome.comment, outcome.changes) == (
        "Package aaa is now being held",
        {"aaa": change("install", "hold")},
    )
    box.run("pkg.held", "aaa")
    assert box.run("pkg.held", "aaa").comment == "No changes made"
    outcome = box.cycle("pkg.held", "ccc", replace=True)
    assert outcome.changes == {"ccc": change("install", "hold"), "aaa": change("hold", "install")}
    assert box.cycle("pkg.unheld", "aaa").comment == "Package aaa is no longer being held."
    assert box.run("pkg.unheld", "ccc").comment == "No changes made"
    assert box.cycle("pkg.unheld", "x", **{"all": True}).changes == {"aaa": change("hold", "install")}
    outcome = box.run("pkg.held", "bbb")
    assert (outcome.result, outcome.comment) == (False, "Package bbb is not installed.")


def test_package_is_installed_anew(box: AptBox) -> None:
    box.run("pkg.installed", "aaa")
    would = box.run("pkg.installed", "aaa", test=True, reinstall=True)
    assert would.comment == "The following packages would be reinstalled: aaa"
    outcome = box.run("pkg.installed", "aaa", reinstall=True)
    assert outcome.comment == "Package aaa was reinstalled."
    assert outcome.changes == would.changes == {"aaa": change("1.1", "1.1")}


def test_package_file_is_installed(box: AptBox, packages: Path) -> None:
    sources = [{"aaa": f"{packages}/aaa_1.0_all.deb"}]
    outcome = box.cycle("pkg.installed", sources=sources)
    assert outcome.comment == "The following packages were installed/updated: aaa"
    box.run("pkg.installed", sources=sources)
    assert box.run("pkg.installed", sources=sources).comment == ALREADY
    both = box.run("pkg.installed", sources=sources, pkgs=["aaa"])
    assert both.comment == 'Only one of "pkgs" and "sources" is permitted.'
    assert box.run("pkg.installed", pkgs=[]).comment == "No packages to install provided"


def test_removed_package_comes_back_with_its_configuration(box: AptBox) -> None:
    box.run("pkg.installed", "aaa")
    (box.folder / "aaa.conf").write_text("mine\n")
    would = box.run("pkg.removed", "aaa", test=True)
    assert would.comment == "The following packages will be removed: aaa."
    outcome = box.cycle("pkg.removed", "aaa")
    assert (outcome.comment, outcome.changes) == (
        "All targeted packages were removed.",
        {"aaa": change("1.1", "")},
    )
    box.run("pkg.removed", "aaa")
    assert box.run("pkg.removed", "aaa").comment == "All specified packages are already absent"
    outcome = box.cycle("pkg.installed", "aaa")
    assert outcome.changes == {"aaa": change("", "1.1")}
    assert (box.folder / "aaa.conf").read_text() == "mine\n"


def test_what_needs_a_package_goes_with_it(box: AptBox) -> None:
    box.run("pkg.installed", "bbb")
    assert box.cycle("pkg.removed", "ccc").changes == {"bbb": change("2.0", ""), "ccc": change("3.0", "")}


def test_purge_takes_what_was_left_and_says_that_it_is_final(box: AptBox) -> None:
    box.run("pkg.installed", pkgs=["aaa", "ccc"])
    box.run("pkg.removed", "aaa")
    plan = box.plan("pkg.purged", pkgs=["aaa", "ccc", "ddd"])
    assert (plan.steps[0].undo, plan.steps[0].final) == (
        None,
        "the configuration files of what is purged are deleted",
    )
    outcome = box.run("pkg.purged", pkgs=["aaa", "ccc", "ddd"])
    assert outcome.changes == plan.changes == {"aaa": change("1.1", ""), "ccc": change("3.0", "")}
    assert outcome.comment == (
        "The following packages were not installed: ddd The following packages were purged: aaa, ccc."
    )
    again = box.run("pkg.purged", pkgs=["aaa", "ccc"])
    assert again.comment == "None of the targeted packages are installed or partially installed"


def test_latest(box: AptBox) -> None:
    box.run("pkg.installed", pkgs=[{"aaa": "1.0"}, "ddd"])
    would = box.run("pkg.latest", pkgs=["aaa", "bbb", "ddd"], test=True)
    assert would.comment == (
        "The following packages would be installed/upgraded: aaa, bbb\n"
        "The following packages are already up-to-date: ddd (1:4.0-1)"
    )
    outcome = box.cycle("pkg.latest", pkgs=["aaa", "bbb", "ddd"])
    assert outcome.changes["aaa"] == change("1.0", "1.1")
    assert outcome.comment == (
        "The following packages were successfully installed/upgraded: aaa, bbb "
        "The following packages were already up-to-date: ddd"
    )
    box.run("pkg.latest", "aaa")
    assert box.run("pkg.latest", "aaa").comment == "Package aaa is already up-to-date"
    assert box.run("pkg.latest", pkgs=["ddd", "aaa"]).comment == "All packages are up-to-date (aaa, ddd)."
    assert box.run("pkg.latest", "nosuch", test=True).comment == "No information found for 'nosuch'."


def test_lists_that_are_old_are_fetched_by_a_real_run_and_only_named_by_a_trial(
    box: AptBox, debian: Path
) -> None:
    box.run("pkg.installed", "aaa")
    lists = debian / "var/lib/apt/lists"
    os.utime(lists, (1, 1))
    would = box.run("pkg.latest", "aaa", test=True)
    assert would.result is True
    assert would.comment.startswith("Package aaa is already up-to-date\nThe lists of packages are ")
    assert lists.stat().st_mtime == 1
    outcome = box.run("pkg.latest", "aaa")
    assert (outcome.comment, outcome.changes) == ("Package aaa is already up-to-date", {})
    assert lists.stat().st_mtime > 1
    os.utime(lists, (1, 1))
    assert (
        box.plan("pkg.uptodate").steps[0].final
        == "the lists are fetched first: what they will bring is not known yet"
    )
    assert box.run("pkg.latest", "aaa", refresh=False).comment == "Package aaa is already up-to-date"
    assert lists.stat().st_mtime == 1


def test_uptodate(box: AptBox) -> None:
    box.run("pkg.installed", pkgs=[{"aaa": "1.0"}, "ccc"])
    would = box.run("pkg.uptodate", test=True)
    assert would.comment == "System update will be performed"
    outcome = box.cycle("pkg.uptodate")
    assert (outcome.comment, outcome.changes) == ("Upgrade ran successfully", {"aaa": change("1.0", "1.1")})
    assert box.run("pkg.uptodate", pkgs=["ccc"]).comment == "System is already up-to-date"
    assert box.cycle("pkg.uptodate", pkgs=["aaa"]).changes == {"aaa": change("1.0", "1.1")}


def test_version_that_no_repository_has_any_more_makes_a_step_final(box: AptBox, debian: Path) -> None:
    box.run("pkg.installed", "aaa", version="1.0")
    status = debian / "var/lib/dpkg/status"
    status.write_text(status.read_text().replace("Version: 1.0", "Version: 0.9"))
    step = box.plan("pkg.installed", "aaa", version="1.1").steps[0]
    assert (step.undo, step.final) == (None, "no repository has aaa 0.9 any more")


@pytest.mark.parametrize("name", ["-aaa", "aaa;x", "AAA", "a" * 300])
def test_what_is_no_name_is_refused_in_a_trial_too(box: AptBox, name: str) -> None:
    assert box.run("pkg.installed", name, test=True).result is False
    assert box.run("pkg.removed", pkgs=[name], test=True).result is False
