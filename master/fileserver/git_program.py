"""The system's git, started with a bare environment: it asks for nothing and speaks few protocols."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path
from typing import Final

from shoal.errors import StoreError

_TIMEOUT_S: Final = 300.0
_PROTOCOLS: Final = "https:ssh:git:file"
_LOGIN: Final = re.compile(r"(://)[^/@\s]+@")


class Git:
    """One process at a time; `stop` may be called from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self, *words: str, index: Path | None = None) -> str:
        """Return what git says. Raises StoreError with the last line of its complaint, without a login."""
        process = self._start(words, index)
        try:
            out, err = process.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise StoreError(f"git did not answer within {_TIMEOUT_S:g} s") from None
        if process.returncode != 0:
            said = err.decode("utf-8", "replace").strip().splitlines()
            raise StoreError(
                without_login(said[-1])[:300] if said else f"git: return code {process.returncode}"
            )
        return out.decode("utf-8", "replace")

    def stop(self) -> None:
        """End what runs, and begin nothing more."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _start(self, words: tuple[str, ...], index: Path | None) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise StoreError("the master is stopping")
            try:
                self._process = subprocess.Popen(
                    ["git", *words],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=_environment(index),
                )
            except FileNotFoundError:
                raise StoreError("the program git is not installed") from None
            return self._process


def without_login(text: str) -> str:
    """Return a text without the logins in its addresses."""
    return _LOGIN.sub(r"\1", text)


def _environment(index: Path | None) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": os.environ.get("HOME", "/"),  # SSH keys and known hosts
        "LC_ALL": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        **({"GIT_INDEX_FILE": str(index)} if index is not None else {}),
    }
