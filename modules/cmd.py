"""Runs programs and shell lines. The job's return code is the program's, so `--failhard` and scripts see it.

Text goes to a shell as one argument, `[shell, "-c", text]`; a list of words goes to the program as it is. The
command's text may hold a secret: nothing here logs it.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modules import shell as processes
from modules.context import Context
from modules.process_env import DEFAULT_PATH, find_account, own_home
from modules.result import Result
from modules.scratch import scratch_folder
from shoal.errors import ArgumentError, CommandError, ModuleError
from shoal.files.names import BASE, is_served, read_url
from shoal.functions.function import function

SHELL = "/bin/sh"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What all functions that run something take. Spellings are Salt's."""

    cwd: str = ""  # "" = the user's home
    stdin: str = ""
    runas: str = ""
    shell: str = SHELL
    python_shell: bool = True  # False: split the text into words and start the first one, no shell
    env: dict[str, str] = field(default_factory=dict)
    clean_env: bool = False
    umask: str = ""  # octal, e.g. 027
    timeout: float = 0.0  # seconds; 0 = as long as the job may run
    rstrip: bool = True  # drop white space at the end of the output
    ignore_retcode: bool = False
    success_retcodes: list[int] = field(default_factory=list)
    success_stdout: list[str] = field(default_factory=list)  # success, whatever the return code
    success_stderr: list[str] = field(default_factory=list)
    prepend_path: str = ""  # folders before those of PATH
    ignore_timeout: bool = False  # what is ended by its timeout is no failure
    hide_output: bool = False


_DEFAULTS = RunOptions()


@function
def run(ctx: Context, cmd: str | list[str], options: RunOptions = _DEFAULTS) -> Result:
    """Run a command and return its output, stdout and stderr as they came.

    The text is read by the shell on the box. A list is started as it is, without a shell.

    CLI Example:

        shoal '*' cmd.run 'uptime'
        shoal '*' cmd.run 'ls -l | wc -l' cwd=/tmp timeout=5
        shoal '*' cmd.run '["ls", "-l", "a file"]'
        shoal '*' cmd.run 'echo $NAME' env='{"NAME": "value"}'
    """
    done = _execute(ctx, cmd, options, merge=True)
    return _result(done, options, _text(done.stdout, options))


@function
def run_stdout(ctx: Context, cmd: str | list[str], options: RunOptions = _DEFAULTS) -> Result:
    """Run a command and return only its standard output.

    CLI Example:

        shoal '*' cmd.run_stdout 'ls -l | tail -n 1'
    """
    done = _execute(ctx, cmd, options)
    return _result(done, options, _text(done.stdout, options))


@function
def run_stderr(ctx: Context, cmd: str | list[str], options: RunOptions = _DEFAULTS) -> Result:
    """Run a command and return only its standard error.

    CLI Example:

        shoal '*' cmd.run_stderr 'ls /nowhere'
    """
    done = _execute(ctx, cmd, options)
    return _result(done, options, _text(done.stderr, options))


@function
def run_all(ctx: Context, cmd: str | list[str], options: RunOptions = _DEFAULTS) -> Result:
    """Run a command and return its `pid`, `retcode`, `stdout` and `stderr`.

    CLI Example:

        shoal '*' cmd.run_all 'ls -l /'
    """
    done = _execute(ctx, cmd, options)
    return _result(done, options, _everything(done, options))


@function
def retcode(ctx: Context, cmd: str | list[str], options: RunOptions = _DEFAULTS) -> Result:
    """Run a command and return only its return code.

    CLI Example:

        shoal '*' cmd.retcode 'test -e /etc/hostname'
    """
    done = _execute(ctx, cmd, options)
    return _result(done, options, done.retcode)


@function
def shell(ctx: Context, cmd: str, options: RunOptions = _DEFAULTS) -> Result:
    """Run a line of text by the shell and return its output; `python_shell` has no say here.

    CLI Example:

        shoal '*' cmd.shell 'for n in 1 2 3; do echo $n; done'
    """
    done = _run(_command(ctx, processes.shell_argv(cmd, options.shell), options, merge=True), options)
    return _result(done, options, _text(done.stdout, options))


@function
def script(
    ctx: Context,
    source: str,
    args: str | list[str] = "",
    saltenv: str = BASE,
    options: RunOptions = _DEFAULTS,
) -> Result:
    """Run a script of the master, or one on the box, and return its `pid`, `retcode`, `stdout` and `stderr`.

    An executable file, and any of the master that begins with `#!`, is started itself, another by `shell`. `args` is
    split into words; no shell reads it. The master's is put into a new folder that only its user may enter.

    CLI Example:

        shoal '*' cmd.script shoal://scripts/check.sh args='--fast "two words"'
        shoal '*' cmd.script /usr/local/sbin/check runas=nobody
    """
    words = _words(args) if isinstance(args, str) else args
    with _on_box(ctx, source, saltenv, options.runas) as path:
        start = [path] if os.access(path, os.X_OK) else [options.shell, path]
        done = _run(_command(ctx, [*start, *words], options), options)
    return _result(done, options, _everything(done, options))


@function
def exec_code(
    ctx: Context, lang: str, code: str, args: list[str] | None = None, options: RunOptions = _DEFAULTS
) -> Result:
    """Run a piece of code by an interpreter that takes it after `-c`, and return its output.

    CLI Example:

        shoal '*' cmd.exec_code python3 'import sys; print(sys.platform)'
    """
    done = _run(_command(ctx, [lang, "-c", code, *(args or [])], options, merge=True), options)
    return _result(done, options, _text(done.stdout, options))


@function(replay="safe")
def which(ctx: Context, cmd: str) -> str | None:
    """Return the path of a program, or nothing if it is not on the PATH.

    CLI Example:

        shoal '*' cmd.which cat
    """
    return processes.which(cmd) or None


@function(replay="safe")
def which_bin(ctx: Context, cmds: list[str]) -> str | None:
    """Return the path of the first of several programs that is there.

    CLI Example:

        shoal '*' cmd.which_bin pip2,pip3,pip
    """
    return next(filter(None, map(processes.which, cmds)), None)


@function(replay="safe")
def has_exec(ctx: Context, cmd: str) -> bool:
    """Say whether a program is there.

    CLI Example:

        shoal '*' cmd.has_exec cat
    """
    return bool(processes.which(cmd))


@function(replay="safe")
def shells(ctx: Context) -> list[str]:
    """List the login shells of the box, as in /etc/shells.

    CLI Example:

        shoal '*' cmd.shells
    """
    try:
        lines = Path("/etc/shells").read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []
    return [line.strip() for line in lines if line.startswith("/")]


def is_success(retcode: int, stdout: str, stderr: str, options: RunOptions) -> bool:
    """Say whether a command went well, by its return code or by what it printed."""
    return (
        retcode == 0
        or retcode in options.success_retcodes
        or stdout.rstrip() in options.success_stdout
        or stderr.rstrip() in options.success_stderr
    )


def _execute(
    ctx: Context, cmd: str | list[str], options: RunOptions, *, merge: bool = False
) -> processes.Completed:
    if isinstance(cmd, list):
        argv: list[str] | tuple[str, ...] = cmd
    elif options.python_shell:
        argv = processes.shell_argv(cmd, options.shell)
    else:
        argv = _words(cmd)
    return _run(_command(ctx, argv, options, merge=merge), options)


def _run(command: processes.Command, options: RunOptions) -> processes.Completed:
    try:
        return processes.run(command)
    except processes.TimedOutError as error:
        if not options.ignore_timeout:
            raise
        return processes.Completed(command=command, pid=0, retcode=0, stdout=str(error), stderr="", cut=0)


def _command(
    ctx: Context, argv: list[str] | tuple[str, ...], options: RunOptions, *, merge: bool = False
) -> processes.Command:
    if options.cwd and not Path(options.cwd).is_dir():
        raise CommandError(f'Desired working directory "{options.cwd}" is not available')
    return processes.Command(
        argv=argv,
        cwd=options.cwd or _home(options.runas),
        env=_env(options),
        clean_env=options.clean_env,
        stdin=options.stdin,
        runas=options.runas,
        umask=_umask(options.umask),
        timeout_s=options.timeout,
        merge=merge,
        hide_output=options.hide_output,
        telling=ctx.telling,
    )


def _home(runas: str) -> str:
    if not runas:
        return own_home()
    home = find_account(runas).home
    return home if Path(home).is_dir() else "/"


def _env(options: RunOptions) -> dict[str, str]:
    if not options.prepend_path:
        return options.env
    path = options.env.get("PATH") or os.environ.get("PATH") or DEFAULT_PATH
    return {**options.env, "PATH": f"{options.prepend_path}:{path}"}


def _umask(text: str) -> int:
    if not text:
        return -1
    try:
        value = int(text, 8)
    except ValueError:
        value = -1
    if not 0 <= value <= 0o777:
        raise ArgumentError(f"umask must be octal, 000 to 777, not {text!r}")
    return value


@contextmanager
def _on_box(ctx: Context, source: str, env: str, runas: str) -> Iterator[str]:
    """Give the path of a script: its own, or that of a copy for this one run."""
    if not is_served(source):
        if "://" in source or not Path(source).is_file():
            raise ModuleError(f"{source}: there is no such file on the box")
        yield str(Path(source).absolute())
        return
    from modules.cp.files import get_file  # with what it needs, only for the master's scripts

    with scratch_folder("script") as folder:
        path = Path(folder, read_url(source, env)[0].rpartition("/")[2])
        if not get_file(ctx, source, str(path), env):
            raise ModuleError(
                f"Unable to cache script {source} from saltenv '{env}': the master does not serve it"
            )
        with path.open("rb") as file:
            path.chmod(0o700 if file.read(2) == b"#!" else 0o600)
        if runas:
            account = find_account(runas)
            for each in (path, Path(folder)):
                os.chown(each, account.uid, account.gid)
        yield str(path)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise CommandError(f"cannot be split into words: {str(error).lower()}") from None


def _text(output: str, options: RunOptions) -> str:
    if options.hide_output:
        return ""
    return output.rstrip() if options.rstrip else output


def _everything(done: processes.Completed, options: RunOptions) -> dict[str, Any]:
    return {
        "pid": done.pid,
        "retcode": done.retcode,
        "stdout": _text(done.stdout, options),
        "stderr": _text(done.stderr, options),
    }


def _result(done: processes.Completed, options: RunOptions, value: Any) -> Result:
    fine = options.ignore_retcode or is_success(done.retcode, done.stdout, done.stderr, options)
    return Result(value, retcode=0 if fine else done.retcode, trimmed=done.cut)
