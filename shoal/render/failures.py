"""From whatever a template raised to a RenderError that names file, line and the way there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType

from jinja2 import TemplateNotFound, TemplateSyntaxError

from shoal.errors import RenderError, ShoalError
from shoal.render.source import Source, lines_around
from shoal.render.undefined import MissingName, words_for


def explained(
    error: BaseException,
    source: Source,
    sources: Mapping[str, Source | None],
    variables: Iterable[str],
) -> RenderError:
    """Return `error`, which came from the template `source`, in words and with its place."""
    files = {each.path: each for each in (*sources.values(), source) if each is not None}
    places = list(_places(error.__traceback__, files))
    if isinstance(error, TemplateSyntaxError):
        places.append((error.filename or source.path, error.lineno))
        if len(places) > 1 and places[-2] == places[-1]:
            places.pop()
    elif isinstance(error, RenderError) and error.file:
        chain = (*(f"{file}:{line}" for file, line in places), *error.chain)
        return RenderError(error.problem, file=error.file, line=error.line, lines=error.lines, chain=chain)
    file, line = places[-1] if places else (source.path, 0)
    text = files[file].text if file in files else ""
    return RenderError(
        _words(error, variables),
        file=file,
        line=line,
        lines=lines_around(text, line),
        chain=tuple(f"{file}:{line}" for file, line in places[:-1]),
    )


def _places(trace: TracebackType | None, files: Mapping[str, Source]) -> Iterable[tuple[str, int]]:
    last = None
    while trace is not None:
        place = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if place[0] in files and place != last:
            last = place
            yield place
        trace = trace.tb_next


def _words(error: BaseException, variables: Iterable[str]) -> str:
    if isinstance(error, MissingName):
        return words_for(error, variables)
    if isinstance(error, TemplateSyntaxError):
        return f"Jinja syntax error: {error.message}"
    if isinstance(error, TemplateNotFound):
        return f"there is no file {error.name!r} to include" if error.name else "no file to include"
    if isinstance(error, RenderError):
        return error.problem
    if isinstance(error, RecursionError):
        return "the template calls itself without end"
    text = " ".join(str(error).split())[:500]
    if isinstance(error, ShoalError) or type(error).__module__.startswith("jinja2"):
        return text
    return f"{type(error).__name__}: {text}"
