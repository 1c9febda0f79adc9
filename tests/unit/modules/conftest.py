"""A context on a made-up box, with fakes that remember what they were asked."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.own_files import OwnFiles
from modules.registry import Registry
from shoal.functions.signature import bind
from tests.unit.modules.fake_programs import FakePrograms

JID = "20260917123456123456"


class FakeJobs:
    """Remembers signals; knows the jobs it was given."""

    def __init__(self, *jobs: dict[str, Any]) -> None:
        self.jobs = list(jobs)
        self.sent: list[tuple[str, int]] = []

    def running(self) -> list[dict[str, Any]]:
        return self.jobs

    def find(self, jid: str) -> dict[str, Any] | None:
        return next((job for job in self.jobs if job["jid"] == jid), None)

    def signal(self, jid: str, number: int) -> bool:
        self.sent.append((jid, number))
        return self.find(jid) is not None


class FakeDaemon:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def request(self, action: str, **data: Any) -> None:
        self.asked.append((action, data))

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        self.asked.append(("sync", {"kinds": list(kinds), "env": env}))
        return {kind: [f"{kind}.hello"] for kind in kinds}

    def refresh_pillar(self) -> None:
        self.asked.append(("refresh_pillar", {}))

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        self.asked.append(("pillar", {"pillarenv": pillarenv}))
        return {"role": "web", "fresh": True, "deep": {"list": ["a", "b"]}, "env": pillarenv}


class FakeMaster:
    """Remembers what it was asked and told; gives the answers that a test has put there, verb by verb."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []

    def ask(self, verb: str, **body: Any) -> bytes:
        self.asked.append((verb, body))
        return self.answers.get(verb, b"")

    def tell(self, tag: str, data: Mapping[str, Any]) -> None:
        self.told.append((tag, dict(data)))


GRAINS: dict[str, Any] = {
    "id": "web1",
    "os": "Debian",
    "os_family": "Debian",
    "serialnumber": "S-1",
    "ip4_interfaces": {"lo": ["127.0.0.1"], "eth0": ["10.1.2.3"]},
    "ipv4": ["10.1.2.3", "127.0.0.1"],
    "disks": [{"name": "sda", "size": 5}, {"name": "sdb"}],
}


@pytest.fixture
def jobs() -> FakeJobs:
    return FakeJobs({"jid": JID, "fun": "test.sleep", "pid": 4242})


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
def master() -> FakeMaster:
    return FakeMaster()


def _roots(folder: Path) -> Path:
    (folder / "web").mkdir()
    (folder / "top.sls").write_text("base: {}\n")
    (folder / "web/site.conf").write_text("listen 80\n")
    return folder


@pytest.fixture(scope="session")
def lasting_roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `roots` of all tests that do not touch theirs."""
    return _roots(tmp_path_factory.mktemp("lasting-roots"))


@pytest.fixture
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose files are served to the box, the test's own: two files and a folder."""
    return _roots(tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The built-in functions, found once."""
    return Registry()


@pytest.fixture
def ctx(
    request: pytest.FixtureRequest,
    jobs: FakeJobs,
    daemon: FakeDaemon,
    master: FakeMaster,
    registry: Registry,
) -> Context:
    roots = request.getfixturevalue("roots" if "roots" in request.fixturenames else "lasting_roots")
    return Context(
        minion_id="web1",
        grains=GRAINS,
        pillar={"role": "web", "deep": {"list": ["a", "b"]}},
        tags={"site": "north"},
        settings={"nodegroups": {"north": "T@site:north"}},
        registry=registry,
        jobs=jobs,
        daemon=daemon,
        files=OwnFiles({"base": (roots,)}),
        master=master,
        jid="20260917000000000000",
        job_user="root",
    )


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """Fakes, and nothing else, are on the PATH."""
    return FakePrograms(tmp_path / "fakes", monkeypatch)


@pytest.fixture
def with_registry(ctx: Context) -> Callable[[Registry], Context]:
    return lambda registry: replace(ctx, registry=registry)


@pytest.fixture
def ask(ctx: Context) -> Callable[[str], Any]:
    """Return a function that runs a line as an operator types it: `test.echo hello`."""

    def run(line: str) -> Any:
        name, *words = shlex.split(line)
        function = ctx.registry.get(name)
        args, kwargs = bind(function, words, {}, from_text=True)
        return function.call(ctx, *args, **kwargs)

    return run
