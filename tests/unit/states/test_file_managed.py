"""`file.managed`: where its content may come from, and what is in its plan."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modules.context import Context
from modules.file import putting
from shoal.errors import ModuleError
from states.file import steps
from states.file.managed import ManagedOptions
from states.plan import Plan
from tests.contracts.states.contract import make
from tests.unit.modules.test_http import Server
from tests.unit.states.conftest import Run

BODY = b"from the web\n"
SHA = f"sha256={hashlib.sha256(BODY).hexdigest()}"
Planned = Callable[..., Plan]


@pytest.fixture
def web() -> Iterator[Server]:
    """A server that has one file."""

    def handle(peer: socket.socket, asked: str) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)

    server = Server(handle)
    yield server
    server.close()


def address(web: Server) -> str:
    return f"http://127.0.0.1:{web.port}/app.bin"


def test_file_of_a_web_server_needs_its_check_sum(run: Run, web: Server, tmp_path: Path) -> None:
    path = tmp_path / "f"
    found = run("file.managed", path, source=address(web))
    assert found.result is False
    assert "please set source_hash or set skip_verify to True" in found.comment
    found = run("file.managed", path, source=address(web), source_hash="sha256=" + "0" * 64)
    assert found.result is False
    assert "source_hash says" in found.comment
    assert not path.exists()
    assert run("file.managed", path, source=address(web), source_hash=SHA).changes == {
        "diff": "New file",
        "mode": "0644",
    }
    assert path.read_bytes() == BODY


def test_file_with_the_right_check_sum_is_not_fetched_again(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(BODY)
    nobody = "http://127.0.0.1:1/app.bin"
    assert run("file.managed", path, source=nobody, source_hash=SHA).comment.endswith("in the correct state")


def test_unverified_file_is_compared_each_time(run: Run, web: Server, tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert run("file.managed", path, source=address(web), skip_verify=True).changes
    assert not run("file.managed", path, source=address(web), skip_verify=True).changes


def test_check_sum_comes_from_a_file_of_check_sums(
    run: Run, web: Server, tmp_path: Path, served: Path
) -> None:
    (served / "SUMS").write_text(f"{'0' * 64}  other.bin\n{SHA.partition('=')[2]} *./app.bin\n")
    path = tmp_path / "f"
    assert run("file.managed", path, source=address(web), source_hash="salt://SUMS").result is True
    found = run("file.managed", path, source=address(web), source_hash="salt://SUMS", source_hash_name="x")
    assert "has no check sum for x" in found.comment


def test_first_source_that_is_there_is_taken_with_its_own_check_sum(
    run: Run, web: Server, tmp_path: Path
) -> None:
    path = tmp_path / "f"
    sources = ["salt://box/f", "/not/there", {address(web): SHA}]
    assert run("file.managed", path, source=sources).result is True
    assert path.read_bytes() == BODY


def test_template_sees_the_box_and_what_it_is_given(run: Run, tmp_path: Path, served: Path) -> None:
    (served / "app").mkdir()
    (served / "app/part.jinja").write_text("{{ tpldir }} {{ x }}")
    (served / "app/f.jinja").write_text(
        "{% from './macro.jinja' import twice %}{{ twice(pillar.port) }} {{ salt['pillar.get']('port') }} "
        "{{ grains.id }} {{ salt['test.echo']('said') }} {{ salt.file.basename('/a/b') }} {{ tplfile }} "
        "{{ saltenv }} {{ source }} {{ x }} {{ y }} {% include 'salt://app/part.jinja' %}\n"
    )
    (served / "app/macro.jinja").write_text("{% macro twice(n) %}{{ n * 2 }}{% endmacro %}")
    path = tmp_path / "f"
    found = run(
        "file.managed", path, source="salt://app/f.jinja", template="jinja", context={"x": 1}, defaults={"x": 2, "y": 3}
    )  # fmt: skip
    assert found.result is True, found.comment
    assert path.read_text() == "16160 8080 box said b app/f.jinja base salt://app/f.jinja 1 3 app 1\n"


def test_template_that_fails_says_where_and_writes_nothing(run: Run, tmp_path: Path, served: Path) -> None:
    (served / "f.jinja").write_text("fine\n{{ nope.x }}\n")
    for test in (True, False):
        found = run("file.managed", tmp_path / "f", source="salt://f.jinja", template="jinja", test=test)
        assert found.result is False
        assert "f.jinja:2: the variable 'nope' is undefined" in found.comment
    assert not (tmp_path / "f").exists()


def test_template_may_not_do_what_the_box_refuses(run: Run, ctx: Context, tmp_path: Path) -> None:
    ctx.settings["disable_functions"] = ["test.echo"]  # type: ignore[index]
    found = run("file.managed", tmp_path / "f", contents="{{ salt['test.echo']('x') }}", template="jinja")
    assert "refused by this minion" in found.comment


def test_check_keeps_a_bad_content_out(plan: Planned, ctx: Context, tmp_path: Path, served: Path) -> None:
    (served / "good").write_text("good\n")
    (served / "bad").write_text("bad\n")
    path = tmp_path / "f"
    for name, fine in (("bad", False), ("good", True)):
        planned = plan(
            "file.managed", path, options=ManagedOptions(source=f"salt://{name}", check_cmd="grep -q good")
        )
        (step,) = planned.steps
        assert not path.exists()
        if fine:
            make(ctx, step.do)
        else:
            with pytest.raises(ModuleError, match=r"^check_cmd execution failed$"):
                make(ctx, step.do)
    assert path.read_text() == "good\n"


def test_content_too_large_to_keep_is_final(
    plan: Planned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MAX_CONTENT", 3)
    (tmp_path / "f").write_text("large")
    (tmp_path / "s").write_text("new")
    planned = plan("file.managed", tmp_path / "f", options=ManagedOptions(source=str(tmp_path / "s")))
    assert [(step.undo, step.final) for step in planned.steps] == [
        (None, "what was there is too large to be kept")
    ]


def test_content_of_a_source_is_not_in_the_plan(plan: Planned, tmp_path: Path, served: Path) -> None:
    (served / "f").write_text("x" * 1000)
    (step,) = plan("file.managed", tmp_path / "f", options=ManagedOptions(source="salt://f")).steps
    assert step.do.kwargs["source"] == "salt://f"
    assert step.do.kwargs["was"] == putting.NOTHING
    assert "x" * 100 not in str(step.do.to_wire())


def test_folder_and_user_that_a_state_before_may_make_fail_only_when_it_is_done(
    run: Run, tmp_path: Path
) -> None:
    for more in ({"name": tmp_path / "no/f"}, {"name": tmp_path / "f", "user": "nobody-of-this-name"}):
        assert run("file.managed", test=True, contents="x", **more).result is None
        assert run("file.managed", contents="x", **more).result is False


@pytest.mark.parametrize("name", ["relative/f", "", "/a\0b"])
def test_name_that_is_no_absolute_path_is_refused(run: Run, name: str) -> None:
    assert run("file.managed", name, contents="x").comment == f"Specified file {name} is not an absolute path"


@pytest.mark.parametrize("fun", ["managed", "append", "replace", "serialize", "decode"])
def test_pipe_in_place_of_the_file_is_not_opened(run: Run, tmp_path: Path, fun: str) -> None:
    os.mkfifo(tmp_path / "f")
    args = {
        "managed": {"contents": "x"},
        "append": {"text": "x"},
        "replace": {"pattern": "a", "repl": "b"},
        "serialize": {"dataset": {"a": 1}},
        "decode": {"encoded_data": "aGVsbG8="},
    }[fun]
    found = run(f"file.{fun}", tmp_path / "f", **args)
    assert found.result is False
    assert "pipe" in found.comment


def test_lines_that_states_gather_are_written_by_a_later_one(run: Run, tmp_path: Path, served: Path) -> None:
    (served / "f").write_text("{% for line in accumulator['all'] %}{{ line }};{% endfor %}")
    path = tmp_path / "f"
    for text in ("a", ["b", "a"], 5):
        assert run("file.accumulated", "all", filename=str(path), text=text).result is True
    assert run("file.managed", path, source="salt://f", template="jinja").result is True
    assert path.read_text() == "a;b;5;"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_link_of_another_user_leads_root_nowhere(run: Run, tmp_path: Path) -> None:
    home, mine = tmp_path / "home", tmp_path / "mine"
    mine.mkdir()
    (mine / "f").write_text("old")
    home.mkdir()
    os.chown(home, 1, 1)
    (home / "f").symlink_to(mine / "f")
    (home / "new").symlink_to(mine / "new")
    for name in ("f", "new"):
        os.lchown(home / name, 1, 1)
        found = run("file.managed", home / name, contents="x", mode=666)
        assert found.result is False
        assert "is not followed" in found.comment
    assert run("file.managed", home / "f", contents="old", contents_newline=False, mode=666).result is False
    assert (mine / "f").read_text() == "old"
    assert os.listdir(mine) == ["f"]  # noqa: PTH208
    assert (mine / "f").stat().st_mode & 0o777 == 0o644
