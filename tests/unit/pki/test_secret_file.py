"""Secret keys on disk: modes, owners, links, cut files, power cuts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pki.keys import SignKey
from pki.secret_file import (
    create_node_keys,
    create_root_key,
    drop_staged_keys,
    load_node_keys,
    load_root_key,
    promote_node_keys,
    stage_node_keys,
    staged_path,
)
from shoal.errors import ConfigError, ShoalError, TrustError

from .fleet import node


@pytest.fixture
def path(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "minion.key"


def unsafe(path: Path) -> str:
    with pytest.raises(TrustError) as caught:
        load_node_keys(path)
    assert str(path.parent) in str(caught.value)
    return caught.value.reason


def test_keys_come_back(path: Path) -> None:
    create_node_keys(path, node(1))
    keys = load_node_keys(path)
    assert (keys.sign.public, keys.curve.public) == (node(1).sign.public, node(1).curve.public)
    assert [file.name for file in path.parent.iterdir()] == ["minion.key"]


def test_a_root_key_comes_back(path: Path) -> None:
    create_root_key(path, SignKey(b"r" * 32))
    assert load_root_key(path).seed == b"r" * 32


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_mode_is_0600_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        create_node_keys(path, node(1))
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o7777 == 0o600


def test_creating_never_overwrites(path: Path) -> None:
    create_node_keys(path, node(1))
    with pytest.raises(ConfigError, match="already there"):
        create_node_keys(path, node(2))
    assert load_node_keys(path).sign.public == node(1).sign.public
    assert [file.name for file in path.parent.iterdir()] == ["minion.key"]


@pytest.mark.parametrize("exists", [True, False])
def test_creating_does_not_follow_a_symlink(path: Path, exists: bool) -> None:
    victim = path.with_name("victim")
    if exists:
        victim.write_bytes(b"x")
    path.symlink_to(victim)
    with pytest.raises(ConfigError, match="already there"):
        create_node_keys(path, node(1))
    assert victim.exists() == exists
    assert not exists or victim.read_bytes() == b"x"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644, 0o666])
def test_a_file_others_can_use_is_refused(path: Path, mode: int) -> None:
    create_node_keys(path, node(1))
    path.chmod(mode)
    assert unsafe(path) == "unsafe file"


def test_a_symlink_is_refused(path: Path) -> None:
    create_node_keys(path, node(1))
    link = path.with_name("link.key")
    link.symlink_to(path)
    assert unsafe(link) == "unsafe file"


def test_a_hard_link_is_refused(path: Path) -> None:
    create_node_keys(path, node(1))
    path.with_name("other").hardlink_to(path)
    assert unsafe(path) == "unsafe file"


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_refused_without_waiting(path: Path, kind: str) -> None:
    path.mkdir(0o700) if kind == "folder" else os.mkfifo(path, 0o600)
    assert unsafe(path) == "unsafe file"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_strangers_file_or_folder_is_refused(path: Path) -> None:
    create_node_keys(path, node(1))
    os.chown(path, 12345, -1)
    assert unsafe(path) == "unsafe file"
    os.chown(path, 0, -1)
    os.chown(path.parent, 12345, -1)
    assert unsafe(path) == "unsafe folder"


def test_a_strangers_file_is_refused_whoever_runs_this(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    create_node_keys(path, node(1))
    if path.stat().st_uid == 0:
        pytest.skip("root's files are always accepted; the test above covers it")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    assert unsafe(path) == "unsafe folder"


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_others_may_write_to_is_refused(path: Path, mode: int) -> None:
    create_node_keys(path, node(1))
    path.parent.chmod(mode)
    try:
        assert unsafe(path) == "unsafe folder"
        with pytest.raises(TrustError, match="unsafe folder"):
            create_node_keys(path.with_name("b.key"), node(1))
        with pytest.raises(TrustError, match="unsafe folder"):
            stage_node_keys(path, node(2))
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("size", [0, 1, 8, 40, 79, 81, 200, 5000])
def test_a_file_of_another_size_is_refused(path: Path, size: int) -> None:
    create_node_keys(path, node(1))
    whole = path.read_bytes()
    assert len(whole) == 80
    path.write_bytes((whole * 100)[:size])
    with pytest.raises(ConfigError, match="cut short"):
        load_node_keys(path)


def test_any_flipped_bit_is_noticed(path: Path) -> None:
    create_node_keys(path, node(1))
    whole = path.read_bytes()
    for bit in range(len(whole) * 8):
        path.write_bytes(flip(whole, bit))
        with pytest.raises(ConfigError, match=r"damaged|of this kind"):
            load_node_keys(path)


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def test_a_root_key_is_no_nodes_key(path: Path) -> None:
    create_root_key(path, SignKey(bytes(32)))
    with pytest.raises(ConfigError, match="of this kind"):
        load_node_keys(path)


def test_a_missing_file_or_folder_is_a_config_error(path: Path) -> None:
    with pytest.raises(ConfigError, match="no such secret key file"):
        load_node_keys(path)
    with pytest.raises(ConfigError, match="No such file"):
        load_node_keys(path / "x" / "y")
    with pytest.raises(ConfigError, match="No such file"):
        create_node_keys(path / "x", node(1))


def test_errors_are_one_line_and_tell_no_secret(path: Path) -> None:
    create_node_keys(path, node(1))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ShoalError) as caught:
        load_node_keys(path)
    assert "\n" not in str(caught.value)
    assert node(1).sign.seed.hex() not in str(caught.value)


def test_rotation_keeps_both_until_promotion(path: Path) -> None:
    create_node_keys(path, node(1))
    stage_node_keys(path, node(2))
    assert load_node_keys(path).sign.public == node(1).sign.public
    assert load_node_keys(staged_path(path)).sign.public == node(2).sign.public
    assert promote_node_keys(path).sign.public == node(2).sign.public
    assert load_node_keys(path).sign.public == node(2).sign.public
    assert not staged_path(path).exists()


def test_staging_again_replaces_and_dropping_forgets(path: Path) -> None:
    create_node_keys(path, node(1))
    stage_node_keys(path, node(2))
    stage_node_keys(path, node(3))
    assert load_node_keys(staged_path(path)).sign.public == node(3).sign.public
    drop_staged_keys(path)
    drop_staged_keys(path)
    assert [file.name for file in path.parent.iterdir()] == ["minion.key"]


def test_promoting_nothing_or_a_damaged_file_changes_nothing(path: Path) -> None:
    create_node_keys(path, node(1))
    with pytest.raises(ConfigError, match="no such secret key file"):
        promote_node_keys(path)
    stage_node_keys(path, node(2))
    staged_path(path).write_bytes(b"cut")
    with pytest.raises(ConfigError, match="cut short"):
        promote_node_keys(path)
    assert load_node_keys(path).sign.public == node(1).sign.public


class PowerCut(BaseException):
    """Nothing may catch this."""


@pytest.mark.parametrize("call", ["fchmod", "fsync", "link", "unlink"])
def test_a_power_cut_while_creating_leaves_all_or_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def cut(*_args: object, **_kwargs: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", cut)  # after a power cut nothing cleans up
        if call != "unlink":
            patch.setattr(os, call, cut)
        with pytest.raises(PowerCut):
            create_node_keys(path, node(1))
    if path.exists():
        assert load_node_keys(path).sign.public == node(1).sign.public
    else:
        create_node_keys(path, node(2))
        assert load_node_keys(path).sign.public == node(2).sign.public
    assert [file.name for file in path.parent.iterdir()] == ["minion.key"]


def test_a_power_cut_while_staging_leaves_the_keys_in_use(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_node_keys(path, node(1))

    def cut(_fd: int) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut)
        with pytest.raises(PowerCut):
            stage_node_keys(path, node(2))
    assert not staged_path(path).exists()
    assert load_node_keys(path).sign.public == node(1).sign.public


def test_file_and_folder_are_synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real = os.fsync

    def watch(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").resolve().is_dir())
        real(fd)

    monkeypatch.setattr(os, "fsync", watch)
    create_node_keys(path, node(1))
    stage_node_keys(path, node(2))
    promote_node_keys(path)
    assert synced == [False, True, False, True, True]


def test_a_full_disk_is_a_config_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        create_node_keys(path, node(1))
    assert not path.exists()
