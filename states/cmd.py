"""Commands, as far as a command can be a state: conditions say whether it is to run.

What a command does cannot be read beforehand nor taken back: a run that must be able to go back refuses these states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modules import cmd as commands
from modules.context import Context
from shoal.errors import ArgumentError, WireError
from shoal.files.names import BASE, is_served, read_url
from states.declare import state
from states.plan import Call, Done, Plan, Step, call, failed, unchanged

_FINAL: Final = "what a command did is not known, so it cannot be taken back"
_TOLD: Final = ("pid", "retcode", "stdout", "stderr")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandOptions:
    """How a command is run. Spellings are Salt's."""

    cwd: str = ""  # "" = the user's home
    runas: str = ""
    shell: str = commands.SHELL
    env: dict[str, Any] | list[Any] = field(default_factory=dict)
    prepend_path: str = ""  # folders before those of PATH
    umask: str | int = ""
    timeout: float = 0.0  # seconds; 0 = as long as the job may run
    ignore_timeout: bool = False  # what is ended by its timeout is no failure
    hide_output: bool = False
    output_loglevel: str = ""  # taken and not needed: no output is logged
    success_retcodes: int | list[int] = field(default_factory=list)
    success_stdout: str | list[str] = field(default_factory=list)
    success_stderr: str | list[str] = field(default_factory=list)
    stdin: str = ""
    bg: bool = False

    def as_kwargs(self) -> dict[str, Any]:
        """Return what execution functions take of it. Raises ArgumentError."""
        if self.bg:
            raise ArgumentError(
                "bg: nothing outlives the job that started it; have a service or a timer run it"
            )
        given = {
            "cwd": self.cwd, "runas": self.runas, "shell": self.shell, "env": _env(self.env), "umask": str(self.umask),
            "timeout": self.timeout, "hide_output": self.hide_output, "stdin": self.stdin,
            "prepend_path": self.prepend_path, "ignore_timeout": self.ignore_timeout,
            "success_retcodes": _list(self.success_retcodes), "success_stdout": _list(self.success_stdout),
            "success_stderr": _list(self.success_stderr),
        }  # fmt: skip
        return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptOptions:
    """Which script is run, with which arguments. Spellings are Salt's."""

    source: str = ""  # "" = the name has it
    args: str | list[str] = ""
    saltenv: str = BASE


_DEFAULTS: Final = CommandOptions()
_NO_SCRIPT: Final = ScriptOptions()


@state
def run(ctx: Context, name: str, stateful: bool = False, options: CommandOptions = _DEFAULTS) -> Plan:
    """Run a command line in a shell, each time, unless `onlyif`, `unless` or `creates` say otherwise.

    With `stateful`, what it prints last says whether something changed, as JSON or as `changed=yes comment='…'`.

    Example:

        tar xzf /srv/upload/site.tar.gz:
          cmd.run:
            - cwd: /srv/site
            - runas: www-data
            - creates: /srv/site/index.html
    """
    return _command(name, stateful, options)


@state
def wait(ctx: Context, name: str, stateful: bool = False, options: CommandOptions = _DEFAULTS) -> Plan:
    """Run a command line only when what it watches has changed.

    Example:

        newaliases:
          cmd.wait:
            - watch:
              - test: aliases
        aliases:
          test.succeed_with_changes
    """
    return unchanged("")


@state
def watch(ctx: Context, name: str, stateful: bool = False, options: CommandOptions = _DEFAULTS) -> Plan:
    """Run a command line only when what it watches has changed: another name for `cmd.wait`.

    Example:

        newaliases:
          cmd.watch:
            - watch:
              - test: aliases
        aliases:
          test.succeed_with_changes
    """
    return unchanged("")


@state
def script(
    ctx: Context,
    name: str,
    given: ScriptOptions = _NO_SCRIPT,
    stateful: bool = False,
    options: CommandOptions = _DEFAULTS,
) -> Plan:
    """Run a script of the master, or one on the box, each time unless a condition says otherwise.

    Without `source` the name is the script, and what follows it its arguments. `args` is split into words; no shell
    reads it. The script is not a template.

    Example:

        check disks:
          cmd.script:
            - source: shoal://scripts/check.sh
            - args: --fast "two words"
            - creates: /var/lib/check.done
    """
    return _script(ctx, name, given, stateful, options)


@state
def wait_script(
    ctx: Context,
    name: str,
    given: ScriptOptions = _NO_SCRIPT,
    stateful: bool = False,
    options: CommandOptions = _DEFAULTS,
) -> Plan:
    """Run a script only when what it watches has changed.

    Example:

        rebuild:
          cmd.wait_script:
            - source: shoal://scripts/rebuild.sh
            - watch:
              - test: sources
        sources:
          test.succeed_with_changes
    """
    return unchanged("")


@state
def mod_watch(
    ctx: Context,
    name: str,
    sfun: str = "",
    changed: list[str] | None = None,
    stateful: bool = False,
    given: ScriptOptions = _NO_SCRIPT,
    options: CommandOptions = _DEFAULTS,
) -> Plan:
    """Run the command or script, because what it watches has changed."""
    if sfun in ("script", "wait_script"):
        return _script(ctx, name, given, stateful, options)
    return _command(name, stateful, options)


def _command(name: str, stateful: bool, options: CommandOptions) -> Plan:
    do = call(commands.run_all, cmd=name, **options.as_kwargs())
    return _plan(do, name, f'Command "{name}"', stateful, options)


def _script(ctx: Context, name: str, given: ScriptOptions, stateful: bool, options: CommandOptions) -> Plan:
    source, args = given.source, given.args
    if not source:
        source, _, rest = name.partition(" ")
        args = args or rest
    if is_served(source):
        try:
            path, env = read_url(source, given.saltenv)
        except WireError as error:
            raise ArgumentError(str(error)) from None
        if ctx.files.find(env, path) is None:
            return failed(f"Unable to cache script {source} from saltenv '{env}'")
    do = call(commands.script, source=source, args=args, saltenv=given.saltenv, **options.as_kwargs())
    return _plan(do, name, f"Command '{name}'", stateful, options)


def _plan(do: Call, name: str, told: str, stateful: bool, options: CommandOptions) -> Plan:
    return Plan(
        steps=(Step(do=do, final=_FINAL),),
        changes={"cmd": name},
        would=f"{told} would have been executed",
        verify=False,
        judge=lambda answers: _judge(answers[0], told, stateful, options),
    )


def _judge(answer: Mapping[str, Any], told: str, stateful: bool, options: CommandOptions) -> Done:
    fine = commands.is_success(answer["retcode"], answer["stdout"], answer["stderr"], _success(options))
    changes = {key: answer[key] for key in _TOLD} | ({"retcode": 0} if fine else {})
    if not stateful:
        return Done(result=fine, comment=f"{told} run", changes=changes)
    from states.engine.stateful import read_stateful  # only few commands are

    said = read_stateful(str(answer["stdout"]))
    return Done(
        result=fine,
        comment=said.comment or f"{told} run",
        changes={**changes, **said.more} if said.changed else {},
    )


def _success(options: CommandOptions) -> commands.RunOptions:
    return commands.RunOptions(
        success_retcodes=_list(options.success_retcodes),
        success_stdout=_list(options.success_stdout),
        success_stderr=_list(options.success_stderr),
    )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _env(given: dict[str, Any] | list[Any]) -> dict[str, str]:
    pairs = given if isinstance(given, dict) else {}
    for part in given if isinstance(given, list) else ():
        if not isinstance(part, dict):
            raise ArgumentError(
                "Invalidly-formatted 'env' parameter: it is a map, or a list of '- NAME: value'"
            )
        pairs = {**pairs, **part}
    return {str(key): "" if value is False else str(value) for key, value in pairs.items()}
