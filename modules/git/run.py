"""Starts git with an environment in which it asks nobody, shows nothing and goes nowhere unexpected."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules import shell
from modules.git.arguments import NETWORK, check_path, hidden, is_local, secrets_of
from modules.process_env import find_account, own_home
from shoal.errors import CommandError, ModuleError, UnavailableError

_PROXIES: Final = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_SSH: Final = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=30")
_SETTINGS: Final = (
    "core.askPass=",
    "core.fsmonitor=false",  # a program that a repository could name
    "gc.autoDetach=false",  # nothing stays behind when the job is over
    "maintenance.autoDetach=false",
    "advice.detachedHead=false",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GitOptions:
    """What all functions that start git take."""

    user: str = ""  # "" = the minion's
    identity: str | list[str] = ""  # private keys for ssh, absolute paths on the box, no other is tried then
    local: bool = False  # remotes may be paths on this box
    trust: bool = False  # work in a repository of another user: its hooks and settings get our rights
    timeout: float = 900.0  # seconds; 0 = as long as the job may run


DEFAULTS: Final = GitOptions()


def git(
    words: Sequence[str],
    cwd: str,
    options: GitOptions,
    *,
    url: str = "",
    stdin: str = "",
) -> shell.Completed:
    """Run `git words…` in the folder `cwd` and return what it said; its failure is an answer.

    `url` is the remote if an operator named one: its login is kept out of errors, and a path is allowed.
    """
    program = shell.which("git")
    if not program:
        raise UnavailableError("git", "there is no program git on this box")
    check_path(cwd)
    settings = [*_SETTINGS, *(["safe.directory=*"] if options.trust else [])]
    return shell.run(
        shell.Command(
            argv=(program, "--no-pager", *(part for each in settings for part in ("-c", each)), *words),
            cwd=cwd,
            env=_environment(options, allow_file=options.local or is_local(url)),
            clean_env=True,
            stdin=stdin,
            runas=options.user,
            timeout_s=options.timeout,
            secrets=secrets_of(url),
            hide_output=True,  # it could hold a login that only the repository knows; see `failure`
        )
    )


def ask(words: Sequence[str], cwd: str, options: GitOptions, *, url: str = "", stdin: str = "") -> str:
    """Run git and return its output without the last line's end. Raises CommandError unless it succeeds."""
    done = git(words, cwd, options, url=url, stdin=stdin)
    if done.retcode != 0:
        raise failure(done, words, cwd)
    return done.stdout.rstrip("\n")


def ask_whole(words: Sequence[str], cwd: str, options: GitOptions, *, url: str = "") -> str:
    """Run git for output that is taken apart. Raises CommandError unless it succeeds and says all."""
    done = git(words, cwd, options, url=url)
    if done.retcode != 0:
        raise failure(done, words, cwd)
    if done.cut:
        raise ModuleError(
            f"git {words[0]} in {cwd} says more than {shell.MAX_OUTPUT_BYTES} bytes; ask for less"
        )
    return done.stdout


def failure(done: shell.Completed, words: Sequence[str], cwd: str) -> CommandError:
    """Return the error that tells why git failed, without a login."""
    if "dubious ownership" in done.stderr:
        return CommandError(
            f"git {words[0]}: the repository at {cwd} belongs to another user; "
            "give user= to work as its owner, or trust=true to run what the owner set up with our rights"
        )
    said = why(done.stderr) or why(done.stdout) or f"return code {done.retcode}"
    barred = "transport 'file' not allowed" in done.stderr
    hint = "; give local=true if a path on this box is right" if barred else ""
    return CommandError(f"git {words[0]} in {cwd}: {done.command.censored(hidden(said))}{hint}")


def why(said: str) -> str:
    """Return the line that tells most: the last one of git's own errors, else the last."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal:", "error:", "CONFLICT"))]
    return (told or lines or [""])[-1]


def ssh_command(identity: str | list[str]) -> str:
    """Return the line for GIT_SSH_COMMAND, which a shell reads: every word is quoted. Raises ModuleError."""
    keys = [identity] if isinstance(identity, str) else identity
    words = list(_SSH)
    for key in filter(None, keys):
        if not Path(check_path(key)).is_file():
            raise ModuleError(f"identity {key}: there is no such file on the box")
        words += ["-o", "IdentitiesOnly=yes", "-i", key]
    return shlex.join(words)


def _environment(options: GitOptions, *, allow_file: bool) -> dict[str, str]:
    home = find_account(options.user).home if options.user else own_home()
    proxies = {name: value for name, value in os.environ.items() if name.lower() in _PROXIES}
    return proxies | {
        "GIT_ALLOW_PROTOCOL": ":".join((*NETWORK, "file") if allow_file else NETWORK),
        "GIT_ASKPASS": "",
        "GIT_EDITOR": "true",
        "GIT_MERGE_AUTOEDIT": "no",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_SSH_COMMAND": ssh_command(options.identity),
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": home,
        "LC_ALL": "C",
        "SSH_ASKPASS": "",
    }
