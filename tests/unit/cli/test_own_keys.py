"""`shoal-key --rotate-sign`, `--rotate-curve`, `--switch-curve`: changes of the master's own keys, in its files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from master.config import read_master_config
from master.identity import Identity, IdentityFiles
from master.papers import Reach
from shoal import exits
from shoal.paths import Paths
from tests.unit.cli.conftest import Cli


@pytest.fixture
def paths(root: Path) -> Paths:
    """The folders of a master that was started once; its root key is on a stick."""
    paths = Paths.for_master(str(root))
    paths.prepare()
    _open(paths)
    (paths.pki_dir / "root.key").rename(root / "root.key")
    return paths


def _open(paths: Paths) -> Identity:
    return IdentityFiles(paths.pki_dir, Reach.of(read_master_config(paths))).open(time.time())


def test_sign_key_and_certificate_are_renewed(cli: Cli, root: Path, paths: Paths) -> None:
    before = _open(paths)
    done = cli("shoal-key", "--rotate-sign", f"--root-key={root / 'root.key'}")
    assert (done.code, done.err) == (exits.OK, ""), done
    assert "new sign key and certificate, in use when it starts again" in done.out
    after = _open(paths)
    assert after.keys.sign.public != before.keys.sign.public
    assert after.certificate.serial > before.certificate.serial


def test_curve_key_is_announced_and_then_used(cli: Cli, root: Path, paths: Paths) -> None:
    before = _open(paths).keys.curve.public
    done = cli("shoal-key", "--rotate-curve", f"--root-key={root / 'root.key'}")
    assert (done.code, "systemctl reload shoal-master" in done.out) == (exits.OK, True), done
    announced = _open(paths).masters.masters[0]
    assert announced.curve_key == before
    done = cli("shoal-key", "--switch-curve", f"--root-key={root / 'root.key'}")
    assert (done.code, "have to join again" in done.out) == (exits.OK, True), done
    assert _open(paths).keys.curve.public == announced.next_curve_key


def test_quiet_change_prints_nothing(cli: Cli, root: Path, paths: Paths) -> None:
    assert cli("shoal-key", "-q", "--rotate-sign", "--root-key", str(root / "root.key")) == (exits.OK, "", "")


def test_root_key_that_is_not_there_is_asked_for(cli: Cli, paths: Paths) -> None:
    done = cli("shoal-key", "--rotate-sign")
    assert done.code == exits.CONFIG
    assert (
        "root.key: the fleet root key is not here: put it back, or name it with --root-key FILE" in done.err
    )


def test_switch_before_the_announcement_says_what_comes_first(cli: Cli, root: Path, paths: Paths) -> None:
    done = cli("shoal-key", "--switch-curve", "--root-key", str(root / "root.key"))
    assert done.code == exits.CONFIG
    assert "no CURVE key was announced; run shoal-key --rotate-curve first" in done.err


def test_folder_without_keys_is_no_place_for_this(cli: Cli, root: Path) -> None:
    done = cli("shoal-key", "--rotate-sign")
    assert done.code == exits.USAGE
    assert "is not there: start shoal-master once, or use --root" in done.err


def test_user_whose_files_the_master_could_not_read_is_sent_away(
    cli: Cli, root: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    done = cli("shoal-key", "--rotate-sign", "--root-key", str(root / "root.key"))
    assert done.code == exits.USAGE
    assert "run this as that user" in done.err


@pytest.mark.parametrize("words", [["-L"], ["-a", "x"], []])
def test_root_key_goes_with_these_changes_alone(cli: Cli, words: list[str]) -> None:
    done = cli("shoal-key", *words, "--root-key", "x")
    assert done.code == exits.USAGE
    assert "--root-key goes with" in done.err


def test_one_thing_at_a_time(cli: Cli) -> None:
    assert cli("shoal-key", "--rotate-sign", "--rotate-curve").code == exits.USAGE
