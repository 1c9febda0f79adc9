"""Desired state: bring this box to what SLS files declare, or show what that means.

A run is one at a time; `show_*` and `test=True` do not wait for it. Return codes are Salt's: 1 what does not compile,
2 a state that failed.
"""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.result import Result
from shoal.errors import ModuleError
from shoal.functions.function import function
from states.engine.compile import compile_high
from states.engine.graph import alone
from states.engine.high import High, Origin
from states.engine.journal import interrupted, recorded, runs
from states.engine.lock import running as runs_now
from states.engine.problem import CompileError
from states.engine.rollback import shown, steps_to_undo, undo
from states.engine.session import (
    STATE_FAILED,
    Session,
    StateOptions,
    chunks_as_low,
    names_of,
    refusal,
    single_chunk,
)
from states.engine.top import wanted_by_top

_DEFAULTS = StateOptions()


@function(out="highstate", replay="safe")
def apply_(ctx: Context, mods: str | list[str] = "", options: StateOptions = _DEFAULTS) -> Result:
    """Apply SLS files, or without any the highstate.

    CLI Example:

        shoal '*' state.apply
        shoal '*' state.apply web,ntp test=True
        shoal '*' state.apply web pillar='{"port": 8080}'
    """
    return sls(ctx, mods, options) if mods else highstate(ctx, options)


@function(out="highstate", replay="safe")
def highstate(ctx: Context, options: StateOptions = _DEFAULTS) -> Result:
    """Apply what the top file gives to this box.

    CLI Example:

        shoal '*' state.highstate
        shoal '*' state.highstate test=True
    """
    session = Session(ctx, options)
    try:
        wanted = wanted_by_top(session.ctx, session.served, options.saltenv)
        if not wanted:
            return Result([_NO_TOP.format(ctx.minion_id)], retcode=1)
        graph = session.graph(wanted)
    except CompileError as error:
        return refusal(error)
    return session.run(graph, {"fun": "state.highstate"})


@function(out="highstate", replay="safe")
def sls(ctx: Context, mods: str | list[str], options: StateOptions = _DEFAULTS) -> Result:
    """Apply SLS files by name: several with commas, globs, of the environment `saltenv`.

    CLI Example:

        shoal '*' state.sls web
        shoal '*' state.sls web,ntp saltenv=dev test=True
    """
    session = Session(ctx, options)
    try:
        graph = session.graph({session.env: names_of(mods)})
    except CompileError as error:
        return refusal(error)
    return session.run(graph, {"fun": "state.sls", "mods": names_of(mods)})


@function(out="highstate", replay="safe")
def single(ctx: Context, fun: str, name: str, test: bool = False, **kwargs: Any) -> Result:
    """Apply one state, with its arguments.

    CLI Example:

        shoal '*' state.single file.absent /etc/old.conf test=True
        shoal '*' state.single test.succeed_with_changes name
    """
    session = Session(ctx, StateOptions(test=test))
    graph = alone([single_chunk(fun, name, kwargs)])
    return session.run(graph, {"fun": "state.single", "state": fun})


@function(out="highstate", replay="safe")
def sls_id(ctx: Context, id_: str, mods: str | list[str], options: StateOptions = _DEFAULTS) -> Result:
    """Apply one declaration of SLS files, by its id, without its requisites.

    CLI Example:

        shoal '*' state.sls_id /etc/motd web test=True
    """
    session = Session(ctx, options)
    try:
        graph = session.graph({session.env: names_of(mods)})
    except CompileError as error:
        return refusal(error)
    chunks = [graph.chunks[number] for number in graph.order if graph.chunks[number].id == id_]
    if not chunks:
        raise ModuleError(f"no state of {', '.join(names_of(mods))} has the id {id_!r}")
    return session.run(alone(chunks), {"fun": "state.sls_id", "mods": names_of(mods), "id": id_})


@function(out="highstate", replay="safe")
def high(ctx: Context, data: dict[str, Any], options: StateOptions = _DEFAULTS) -> Result:
    """Apply declarations that are given as data.

    CLI Example:

        shoal '*' state.high '{"vim": {"pkg": ["installed"]}}' test=True
    """
    return _given(ctx, data, options, "state.high")


@function(out="highstate", replay="safe")
def template_str(ctx: Context, tem: str, options: StateOptions = _DEFAULTS) -> Result:
    """Apply the text of an SLS file.

    CLI Example:

        shoal '*' state.template_str 'ping: {test.nop: []}'
    """
    from shoal.files.digest import Digest
    from shoal.render.source import Source

    session = Session(ctx, options)
    source = Source(name="text.sls", path="the given text", text=tem, key=Digest(tem.encode()).final())
    document = session.served.render(source, "text", session.env)
    if not isinstance(document.value, dict):
        raise ModuleError("the text is no map of IDs")
    return _given(ctx, document.value, options, "state.template_str")


def _given(ctx: Context, data: dict[str, Any], options: StateOptions, fun: str) -> Result:
    session = Session(ctx, options)
    high = High()
    high.take(data, Origin(sls="", env=session.env))
    try:
        graph = compile_high(high)
    except CompileError as error:
        return refusal(error)
    return session.run(graph, {"fun": fun})


# ------------------------------------------------------------------------------- showing


@function(replay="safe")
def show_sls(ctx: Context, mods: str | list[str], options: StateOptions = _DEFAULTS) -> Any:
    """Show what SLS files declare, as high data.

    CLI Example:

        shoal '*' state.show_sls web
    """
    session = Session(ctx, options)
    return _declared(session.high({session.env: names_of(mods)}))


@function(replay="safe")
def show_low_sls(ctx: Context, mods: str | list[str], options: StateOptions = _DEFAULTS) -> Any:
    """Show the states of SLS files one by one, in the order in which they would run.

    CLI Example:

        shoal '*' state.show_low_sls web
    """
    session = Session(ctx, options)
    try:
        return chunks_as_low(session.graph({session.env: names_of(mods)}))
    except CompileError as error:
        return refusal(error)


@function(replay="safe")
def show_highstate(ctx: Context, options: StateOptions = _DEFAULTS) -> Any:
    """Show what the top file's SLS declare for this box, as high data.

    CLI Example:

        shoal '*' state.show_highstate
    """
    session = Session(ctx, options)
    try:
        return _declared(session.high(wanted_by_top(session.ctx, session.served, options.saltenv)))
    except CompileError as error:
        return refusal(error)


@function(replay="safe")
def show_lowstate(ctx: Context, options: StateOptions = _DEFAULTS) -> Any:
    """Show the states of the highstate one by one, in the order in which they would run.

    CLI Example:

        shoal '*' state.show_lowstate
    """
    session = Session(ctx, options)
    try:
        return chunks_as_low(session.graph(wanted_by_top(session.ctx, session.served, options.saltenv)))
    except CompileError as error:
        return refusal(error)


@function(replay="safe")
def show_top(ctx: Context, options: StateOptions = _DEFAULTS) -> Any:
    """Show what the top file gives to this box: SLS by environment.

    CLI Example:

        shoal '*' state.show_top
    """
    session = Session(ctx, options)
    try:
        return wanted_by_top(session.ctx, session.served, options.saltenv)
    except CompileError as error:
        return refusal(error)


@function(replay="safe")
def show_states(ctx: Context, options: StateOptions = _DEFAULTS) -> Any:
    """List the SLS of the highstate, those that others include too, in the order of their states.

    CLI Example:

        shoal '*' state.show_states
    """
    session = Session(ctx, options)
    try:
        graph = session.graph(wanted_by_top(session.ctx, session.served, options.saltenv))
    except CompileError as error:
        return refusal(error)
    return list(dict.fromkeys(graph.chunks[number].sls for number in graph.order))


@function(replay="safe")
def sls_exists(ctx: Context, mods: str | list[str], options: StateOptions = _DEFAULTS) -> bool:
    """Say whether SLS files are there.

    CLI Example:

        shoal '*' state.sls_exists web
    """
    session = Session(ctx, options)
    return all(session.served.find(session.env, name) is not None for name in names_of(mods))


@function(replay="safe")
def id_exists(
    ctx: Context, ids: str | list[str], mods: str | list[str], options: StateOptions = _DEFAULTS
) -> bool:
    """Say whether SLS files declare some ids.

    CLI Example:

        shoal '*' state.id_exists /etc/motd web
    """
    session = Session(ctx, options)
    declared = session.high({session.env: names_of(mods)}).declared
    return all(name in declared for name in names_of(ids))


@function(replay="safe")
def running(ctx: Context) -> list[str]:
    """Say which run of states is under way; [] for none.

    CLI Example:

        shoal '*' state.running
    """
    note = runs_now(Session(ctx, _DEFAULTS).folder)
    return [note] if note else []


# ------------------------------------------------------------------------------- taking back


@function
def rollback(ctx: Context, jid: str, *ids: str, test: bool = False) -> Result:
    """Take back what a run has changed on this box, all of it or by some states' ids; the last change first.

    What cannot be undone refuses the whole beforehand. With `test=True` only shows what would be done.

    CLI Example:

        shoal '*' state.rollback 20261121093000123456 test=True
        shoal '*' state.rollback 20261121093000123456 /etc/motd
    """
    session = Session(ctx, StateOptions(test=test))
    steps = steps_to_undo(recorded(session.folder, jid), ids)
    if test:
        return Result([{"id": step.id, "undo": shown(step), "result": None} for step in steps])
    done = undo(session.ctx, steps)
    failed = any(each.error for each in done) or len(done) < len(steps)
    return Result([each.shown() for each in done], retcode=STATE_FAILED if failed else 0)


@function(replay="safe")
def history(ctx: Context) -> list[dict[str, Any]]:
    """List the runs that have changed something on this box, the newest first.

    CLI Example:

        shoal '*' state.history
    """
    folder = Session(ctx, _DEFAULTS).folder
    found = []
    for jid in reversed(runs(folder)):
        run = recorded(folder, jid)
        can = all(step.undo is not None for step in run.steps)
        found.append(
            {"jid": jid, **run.asked, "changes": len(run.steps), "ended": run.ended, "can_roll_back": can}
        )
    return found


@function(replay="safe")
def journal(ctx: Context, jid: str) -> list[dict[str, Any]]:
    """Show what a run has changed on this box, step by step, and how each is undone.

    CLI Example:

        shoal '*' state.journal 20261121093000123456
    """
    run = recorded(Session(ctx, _DEFAULTS).folder, jid)
    return [
        {
            "id": step.id,
            "state": step.tag,
            "made": step.made,
            "undo": shown(step) if step.undo is not None else None,
            "final": step.final,
        }
        for step in run.steps
    ]


@function(replay="safe")
def unfinished(ctx: Context) -> list[str]:
    """List the runs that have not ended by themselves: a power cut, or a kill, came in between.

    CLI Example:

        shoal '*' state.unfinished
    """
    return [run.jid for run in interrupted(Session(ctx, _DEFAULTS).folder)]


def _declared(high: High) -> Any:
    if high.problems:
        return refusal(CompileError(high.problems))
    shown = dict(high.declared)
    if high.extends:
        shown["__extend__"] = [body for _, body in high.extends]
    if high.excludes:
        shown["__exclude__"] = list(high.excludes)
    return shown


_NO_TOP = "no top file gives a state to {}: is there a top.sls in file_roots, and does a target in it mean this box?"
