"""`cp.push` against the master's own room for what boxes push, without the wire between them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from master.receiving.limits import Limits
from master.receiving.pushed import PushedFiles
from modules.context import Context
from modules.cp import push as pushing
from modules.cp.push import push, push_dir
from shoal.errors import ArgumentError, ModuleError, ShoalError
from shoal.files.piece import PUSH_BYTES, Arrived, Piece
from shoal.wire import Fields


class Taker:
    """A master that takes files; `before` is called with each question."""

    def __init__(self, folder: Path) -> None:
        self.pushed = PushedFiles(folder, Limits(on=True, file_mib=1), lambda: 0.0)
        self.before: Callable[[dict[str, Any]], None] = lambda body: None
        self.sent: list[tuple[int, int]] = []

    def ask(self, verb: str, **body: Any) -> bytes:
        assert verb == "push"
        self.sent.append((body["at"], len(body["data"])))
        self.before(body)
        try:
            return self.pushed.take("web1", Piece.from_fields(Fields(body, "question"))).packed()
        except ShoalError as error:
            raise ModuleError(f"the master says: {error}") from None


@pytest.fixture
def taker(tmp_path: Path) -> Taker:
    return Taker(tmp_path / "minions")


@pytest.fixture
def box(ctx: Context, taker: Taker) -> Context:
    return replace(ctx, master=taker)  # type: ignore[arg-type]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "a.conf").write_text("a")
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Path:
    return tmp_path / "minions/web1/files"


def test_file_has_its_own_path_on_the_master(box: Context, here: Path, there: Path) -> None:
    assert push(box, str(here / "a.conf")) is True
    assert Path(f"{there}{here}/a.conf").read_text() == "a"


def test_small_file_goes_with_one_question_and_a_known_one_too(
    box: Context, here: Path, taker: Taker
) -> None:
    push(box, str(here / "a.conf"))
    push(box, str(here / "a.conf"))
    assert taker.sent == [(0, 1), (0, 1)]


def test_upload_path_is_the_name_there(box: Context, here: Path, there: Path) -> None:
    push(box, str(here / "a.conf"), upload_path="/logs//today/a")
    assert (there / "logs/today/a").read_text() == "a"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/", ".", "a\\b", "a\nb", "a\0b"])
def test_upload_path_that_is_no_name_is_refused_here_already(
    box: Context, here: Path, taker: Taker, name: str
) -> None:
    with pytest.raises(ArgumentError):
        push(box, str(here / "a.conf"), upload_path=name)
    assert taker.sent == []


def test_name_is_where_links_lead_or_as_it_was_given(box: Context, here: Path, there: Path) -> None:
    (here / "link").symlink_to("a.conf")
    push(box, str(here / "link"))
    push(box, str(here / "link"), keep_symlinks=True)
    found = Path(f"{there}{here}")
    assert sorted(each.name for each in found.iterdir()) == ["a.conf", "link"]
    assert not (found / "link").is_symlink()


def test_source_is_removed_when_the_master_has_it(box: Context, here: Path, taker: Taker) -> None:
    def refuse(body: dict[str, Any]) -> None:
        raise ModuleError("no")

    taker.before = refuse
    with pytest.raises(ModuleError, match="no"):
        push(box, str(here / "a.conf"), remove_source=True)
    assert (here / "a.conf").exists()
    taker.before = lambda body: None
    push(box, str(here / "a.conf"), remove_source=True)
    assert not (here / "a.conf").exists()


def test_source_that_has_grown_meanwhile_is_not_removed(box: Context, here: Path, taker: Taker) -> None:
    taker.before = lambda body: (here / "a.conf").write_text("ab") and None
    with pytest.raises(ModuleError, match="it was not removed"):
        push(box, str(here / "a.conf"), remove_source=True)
    assert (here / "a.conf").read_text() == "ab"


def test_large_file_goes_on_from_what_the_master_has(
    box: Context, here: Path, there: Path, taker: Taker
) -> None:
    large = here / "large"
    large.write_bytes(os.urandom(700_000))

    def cut(body: dict[str, Any]) -> None:
        if body["at"] > 300_000:
            raise ModuleError("the minion's daemon does not answer")

    taker.before = cut
    with pytest.raises(ModuleError, match="does not answer"):
        push(box, str(large), upload_path="large")
    had = taker.sent[-1][0]
    taker.before, taker.sent = lambda body: None, []
    push(box, str(large), upload_path="large")
    assert taker.sent[:2] == [(0, 0), (had, 64 * 1024)], "it is asked first, and nothing is sent twice"
    assert max(size for _, size in taker.sent) == PUSH_BYTES
    assert (there / "large").read_bytes() == large.read_bytes()


def test_what_is_appended_meanwhile_is_left_out(box: Context, here: Path, there: Path, taker: Taker) -> None:
    log = here / "log"
    log.write_bytes(b"x" * 100_000)

    def grow(body: dict[str, Any]) -> None:
        with log.open("ab") as file:
            file.write(b"more")

    taker.before = grow
    push(box, str(log), upload_path="log")
    assert (there / "log").read_bytes() == b"x" * 100_000


def test_file_that_changes_meanwhile_is_sent_as_it_is_then(
    box: Context, here: Path, there: Path, taker: Taker
) -> None:
    log = here / "log"
    log.write_bytes(b"x" * 100_000)

    def change(body: dict[str, Any]) -> None:
        log.write_bytes(b"y" * 100_000)
        taker.before = lambda body: None

    taker.before = change
    push(box, str(log), upload_path="log")
    assert (there / "log").read_bytes() == b"y" * 100_000


def test_file_that_never_stays_is_given_up(box: Context, here: Path, there: Path, taker: Taker) -> None:
    log = here / "log"
    taker.before = lambda body: log.write_bytes(os.urandom(100_000)) and None
    log.write_bytes(os.urandom(100_000))
    with pytest.raises(ModuleError, match="not what its digest says"):
        push(box, str(log), upload_path="log")
    assert not there.exists() or list(there.rglob("log")) == []


def test_master_that_takes_nothing_is_given_up(box: Context, here: Path) -> None:
    class Deaf:
        asked = 0

        def ask(self, verb: str, **body: Any) -> bytes:
            self.asked += 1
            return Arrived(at=0).packed()

    deaf = Deaf()
    with pytest.raises(ModuleError, match="does not take more"):
        push(replace(box, master=deaf), str(here / "a.conf"))  # type: ignore[arg-type]
    assert deaf.asked < 20


def test_what_is_no_regular_file_is_refused_and_not_waited_for(
    box: Context, here: Path, taker: Taker
) -> None:
    os.mkfifo(here / "pipe")
    for name, why in (("pipe", "no regular file"), ("", "no regular file"), ("none", "cannot be read")):
        with pytest.raises(ModuleError, match=why):
            push(box, str(here / name))
    with pytest.raises(ArgumentError, match="not absolute"):
        push(box, "relative")
    assert taker.sent == []


def test_masters_refusal_is_told(box: Context, here: Path) -> None:
    (here / "huge").write_bytes(bytes(1024 * 1024 + 1))
    with pytest.raises(ModuleError, match="file_recv_max_size"):
        push(box, str(here / "huge"))


def test_folder_is_sent_without_its_links(box: Context, here: Path, there: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub/b.conf").write_text("b")
    (here / "sub/c.txt").write_text("c")
    (here / "sub/out.conf").symlink_to("/etc/passwd")
    (here / "away").symlink_to("/etc")
    os.mkfifo(here / "sub/pipe.conf")
    assert push_dir(box, str(here), glob="*.conf", upload_path="conf") is True
    assert sorted(str(p.relative_to(there)) for p in there.rglob("*") if p.is_file()) == [
        "conf/a.conf",
        "conf/sub/b.conf",
    ]
    assert push_dir(box, f"{here}/") is True
    assert Path(f"{there}{here}/sub/c.txt").read_text() == "c"


def test_folder_without_a_file_that_fits_is_an_error(box: Context, here: Path) -> None:
    with pytest.raises(ModuleError, match="no file"):
        push_dir(box, str(here), glob="*.none")
    with pytest.raises(ModuleError, match="cannot be read"):
        push_dir(box, str(here / "none"))


def test_less_is_sent_at_once_on_a_slow_line(
    box: Context, here: Path, monkeypatch: pytest.MonkeyPatch, taker: Taker
) -> None:
    now = iter(range(0, 10_000, 2))
    monkeypatch.setattr(pushing.time, "monotonic", lambda: next(now))  # type: ignore[attr-defined]
    (here / "large").write_bytes(bytes(100_000))
    push(box, str(here / "large"), upload_path="large")
    assert taker.sent[1:3] == [(0, 16 * 1024), (16 * 1024, 8 * 1024)]
