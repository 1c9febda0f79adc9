"""`packaging/Containerfile` with a Docker engine of our own, on a Debian tree made here. Needs root and dockerd."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.lab.nspawn import TOOLS, base_tree, eventually

ROOT: Final = Path(__file__).resolve().parents[2]
NEEDED: Final = (*TOOLS, "dockerd", "docker")
pytestmark = [
    pytest.mark.lab,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.geteuid() != 0 or not all(map(shutil.which, NEEDED)), reason=f"needs root and {', '.join(NEEDED)}"
    ),
]
Docker = Callable[..., str]


@pytest.fixture(scope="module")
def docker() -> Iterator[Docker]:
    """Start an engine that shares nothing with another one here; its path is short for its sockets' sake."""
    with tempfile.TemporaryDirectory(prefix="shoal-docker-", ignore_cleanup_errors=True) as place:
        socket = f"unix://{place}/sock"
        with Path(place, "log").open("w") as log:
            engine = subprocess.Popen(
                [
                    *(
                        "dockerd",
                        "--bridge=none",
                        "--iptables=false",
                        "-H",
                        socket,
                        "--pidfile",
                        f"{place}/pid",
                    ),
                    *("--data-root", f"{place}/data", "--exec-root", f"{place}/exec"),
                ],
                stdout=log,
                stderr=log,
            )
        environ = {
            **os.environ,
            "DOCKER_HOST": socket,
            "DOCKER_BUILDKIT": "0",
            "DOCKER_CONFIG": f"{place}/config",
        }

        def run(*words: str, ok: bool = True) -> str:
            done = subprocess.run(
                ["docker", *words], env=environ, capture_output=True, text=True, check=False, timeout=400
            )
            assert done.returncode == 0 or not ok, (
                f"docker {words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
            return done.stdout

        try:
            eventually(lambda: engine.poll() is not None or "Server" in run("version", ok=False), "dockerd")
            if engine.poll() is not None:
                pytest.skip(f"no Docker engine can run here: {Path(place, 'log').read_text()[-500:]}")
            yield run
            for each in run("ps", "-aq").split():
                run("rm", "-f", "-v", each)
        finally:
            engine.terminate()
            engine.wait(timeout=60)


@pytest.fixture(scope="module")
def image(docker: Docker, tmp_path_factory: pytest.TempPathFactory) -> str:
    dist = tmp_path_factory.mktemp("dist")
    build = [sys.executable, str(ROOT / "packaging/build_deb.py"), "--out", str(dist), "shoal-master"]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (deb,) = dist.iterdir()
    try:
        base = base_tree([deb])
    except RuntimeError as error:
        pytest.skip(f"no Debian tree can be made here: {error}")
    tar = dist / "base.tar"
    subprocess.run(["tar", "-C", base, "-cf", tar, "."], check=True)
    docker("import", str(tar), "shoal-base")
    tar.unlink()
    build_words = ["--network=none", "--build-arg=BASE=shoal-base", "--build-arg=WITH=", "-t", "shoal-master"]
    docker("build", "-f", str(ROOT / "packaging/Containerfile"), *build_words, str(dist))
    return "shoal-master"


def test_master_in_a_container_answers_and_keeps_its_keys(docker: Docker, image: str) -> None:
    volumes = [f"--volume={name}:{path}" for name, path in (
        ("keys", "/etc/shoal/pki/master"), ("state", "/var/lib/shoal/master"))]  # fmt: skip
    start = ["run", "-d", "--name=hub", "--network=none", "--read-only", "--health-interval=1s", *volumes]
    docker(*start, "--cap-drop=ALL", "--security-opt=no-new-privileges", image)
    eventually(
        lambda: docker("inspect", "-f", "{{.State.Health.Status}}", "hub").strip() == "healthy", "health"
    )
    assert "Accepted Keys:" in docker("exec", "hub", "shoal-key")
    assert "shoal1-" in docker("exec", "hub", "shoal-run", "token.create", "site=here")
    assert docker("exec", "hub", "id", "-un").strip() == "shoal"
    fingerprints = docker("exec", "hub", "shoal-key", "-F")
    docker("stop", "hub")
    assert docker("inspect", "-f", "{{.State.ExitCode}}", "hub").strip() == "0"
    docker("rm", "hub")
    docker(*start, image)
    eventually(
        lambda: docker("inspect", "-f", "{{.State.Health.Status}}", "hub").strip() == "healthy", "health"
    )
    assert docker("exec", "hub", "shoal-key", "-F") == fingerprints
    assert len(docker("exec", "hub", "shoal-run", "--out=json", "token.list").splitlines()) > 1
