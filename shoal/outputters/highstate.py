"""`highstate`: what state runs did, in Salt's words and shape. `StateLook` has the knobs.

edge-1:
----------
          ID: say
    Function: cmd.run
        Name: echo hi
      Result: True
     Comment: Command "echo hi" run
     ...

A minion's return is the states by tag, or a list of errors when the tree did not compile; any other is shown nested.
Nothing from a box can stand at the left edge and look like another minion's name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from shoal.outputters import nested
from shoal.outputters.state_return import StateReturn, compressed, is_state, read_state
from shoal.outputters.state_summary import Tally
from shoal.outputters.style import BOLD_RED, BOLD_YELLOW, CYAN, GREEN, RED, Style
from shoal.outputters.terminal import as_text, clean_line, lines

_RULE: Final = "----------"
_STEP: Final = "    "
_INSIDE: Final = 14  # columns before what belongs to a label
_MARGIN: Final = " " * _INSIDE
_WIDTH: Final = 80  # of warnings
_MAX_WRAPPED: Final = 8192  # longer warnings keep their lines: wrapping takes time that grows with the square


class _Shown(NamedTuple):
    """Lines, and whether they tell of a change."""

    lines: list[str]
    changed: bool


def render(data: Any, style: Style) -> str:
    """Return the runs of all minions in `data`, in the order they came."""
    if not isinstance(data, dict):
        return nested.render(data, style)
    return "\n".join(line for minion, value in data.items() for line in _minion(minion, value, style).lines)


def _minion(minion: Any, value: Any, style: Style) -> _Shown:
    """Return the lines of one minion. Others inside these are those that an orchestration ran."""
    name = clean_line(as_text(minion))
    if isinstance(value, dict):
        return _run(name, value, style)
    if isinstance(value, (list, tuple)):
        return _Shown([style.paint(f"{name}:", BOLD_RED), *_errors(value, style)], changed=False)
    found = lines(as_text(value))
    heading = style.paint(f"{name}:", CYAN)
    return _Shown([heading, *(style.paint(_STEP + line, GREEN) for line in found)], changed=True)


def _errors(errors: list[Any] | tuple[Any, ...], style: Style) -> Iterator[str]:
    yield _STEP + style.paint("Data failed to compile:", BOLD_RED)
    for error in errors:
        text = f"\n{_STEP}".join(lines(as_text(error)))
        yield style.paint(f"{_RULE}\n{_STEP}{text}", BOLD_RED)


def _run(name: str, value: dict[Any, Any], style: Style) -> _Shown:
    others = {tag: info for tag, info in value.items() if not is_state(info)}
    states = [read_state(tag, info) for tag, info in value.items() if is_state(info)]
    states.sort(key=lambda state: state.number)
    if style.states.compress_ids:
        states = compressed(states)
    page = _Run(style)
    for state in states:
        page.add(state)
    found = nested.indented(others, len(_STEP), style) if others else []
    if states or not others:
        found += page.lines + page.tally.lines(name, style)
    return _Shown([style.paint(f"{name}:", page.colour), *found], changed=page.tally.changed > 0)


class _Run:
    """Collects the states of one minion."""

    def __init__(self, style: Style) -> None:
        self.lines: list[str] = []
        self.tally = Tally()
        self.colour = GREEN
        self._style = style
        self._look = style.states
        self._paint = style.paint

    def add(self, state: StateReturn) -> None:
        """Count `state`, and show it if it is wanted."""
        inner = _of_others(state.changes, self._style)
        changed = inner.changed if inner else bool(state.changes)
        self.tally.add(state, changed=changed)
        if state.result and not changed and self._look.hides_clean:
            return
        if not state.result:
            self.colour = BOLD_YELLOW if state.result is None else RED
        colour = (CYAN if changed else GREEN) if state.result else self.colour
        manner = self._manner(state, changed=changed)
        if manner == "terse":
            self._add_line(state, colour)
        elif manner == "full":
            self._add_block(state, colour, inner)

    def _manner(self, state: StateReturn, *, changed: bool) -> str:
        """Return terse, full, or nothing for not at all."""
        look = self._look
        if look.kind == "filter":
            if state.shown_result in look.output_terse:
                return "terse"
            return "" if state.shown_result in look.output_exclude else "full"
        terse = (
            look.kind == "terse"
            or (look.kind == "mixed" and state.result is not False)
            or (look.kind == "changes" and state.result and not changed)
        )
        return "terse" if terse else "full"

    def _add_line(self, state: StateReturn, colour: str) -> None:
        timed = self._look.output_profile and state.started is not None
        name = self._name(state)
        if self._look.tabular:
            times = f"{state.started} [{state.duration:>7} ms] " if timed else ""
            text = f"{times}{state.module:>10}.{state.function:<10} {state.outcome:7}   Name: {name}"
            before, between = "", "\n"
        else:
            times = f" - Started: {state.started} - Duration: {state.duration} ms" if timed else ""
            text = (
                f" Name: {name} - Function: {state.module}.{state.function} - Result: {state.outcome}{times}"
            )
            before = between = " "
        if state.warnings is not None:
            before = self._paint(f"Warnings:\n{_unwrapped(state.warnings)}", BOLD_RED) + between
        self.lines.append(before + self._paint(text, colour))

    def _add_block(self, state: StateReturn, colour: str, inner: _Shown | None) -> None:
        rows = [f"      ID: {state.id}", f"Function: {state.module}.{state.function}"]
        name = self._name(state)
        if name != state.id:
            rows.append(f"    Name: {name}")
        rows.append(f"  Result: {state.shown_result}")
        rows.append(f" Comment: {_hanging(lines(state.comment))}")
        if self._look.output_profile and state.started is not None:
            rows.append(f" Started: {state.started}")
            rows.append(f"Duration: {state.duration + ' ms' if state.duration else ''}")
        self.lines.append(self._paint(_RULE, colour))
        self.lines += [_STEP + self._paint(row, colour) for row in rows]
        self.lines.append(self._paint(f"     Changes:   {self._changes(state, inner)}", colour))
        if state.warnings is not None:
            self.tally.warnings += 1
            self.lines.append("   " + self._paint(f" Warnings: {_wrapped(state.warnings)}", BOLD_RED))

    def _name(self, state: StateReturn) -> str:
        return state.id if self._look.by_id else state.name

    def _changes(self, state: StateReturn, inner: _Shown | None) -> str:
        if inner:
            found = "\n".join(inner.lines).split("\n") if inner.lines else []
            return "".join(f"\n{_MARGIN}{line}" for line in found)
        if isinstance(state.changes, dict) and state.changes:
            found = nested.indented(state.changes, _INSIDE, self._style)
            return "\n" + "\n".join(found).rstrip()  # as Salt; with colours, the end is no blank
        return f"Invalid Changes data: {clean_line(as_text(state.changes))}" if state.changes else ""


def _of_others(changes: Any, style: Style) -> _Shown | None:
    """Return the runs of minions in `changes`: a state of an orchestration had them run their own."""
    if not isinstance(changes, dict) or changes.get("out") != "highstate":
        return None
    if not isinstance(changes.get("ret"), dict):
        return None
    shown = [_minion(minion, value, style) for minion, value in changes["ret"].items()]
    return _Shown([line for each in shown for line in each.lines], any(each.changed for each in shown))


def _hanging(texts: list[str]) -> str:
    return f"\n{_MARGIN}".join(texts)


def _wrapped(warnings: tuple[str, ...]) -> str:
    text = "\n".join(warnings)
    if len(text) > _MAX_WRAPPED:
        return _hanging(lines(text))
    import textwrap  # costs start-up time, and warnings are rare

    return textwrap.fill(text, _WIDTH, initial_indent=_MARGIN, subsequent_indent=_MARGIN).lstrip()


def _unwrapped(warnings: tuple[str, ...]) -> str:
    """Return lines that begin at the left edge, as Salt's do; what looks like a minion's name there does not."""
    found = "\n".join(warnings).split("\n")
    return "\n".join(_STEP + line if line.rstrip().endswith(":") else line for line in found)
