"""From the text of an SLS file to its data, through the renderers that its first line names.

    #!jinja|yaml   the default        #!yaml   #!json   #!jinja|json   #!jinja (text)   #!jinja|yamlex   #!py

`#!py` runs Python, so it is there only for a caller that allows it; pillar does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.rendering import current, rendering
from shoal.render.source import FindSource, Source, lines_around
from shoal.render.yaml import Document, load_yaml

DEFAULT: Final = "jinja|yaml"
_PIPE: Final = re.compile(r"#!\s*([a-z]+(?:\s*\|\s*[a-z]+)*)\s*")
_READERS: Final = ("yaml", "json", "yamlex", "py")
_KNOWN: Final = ("jinja", *_READERS)


class Renderer:
    """Renders the files of one tree. Not for several threads at once."""

    def __init__(
        self,
        find: FindSource,
        *,
        default: str = DEFAULT,
        filters: Mapping[str, Callable[..., Any]] | None = None,
        may_seal: bool = False,
        may_run_python: bool = False,
    ) -> None:
        """`find` gives the file of a name that a template includes."""
        from shoal.render.jinja import Templates  # jinja2 is 3 MiB; whoever makes a renderer needs it

        self._templates = Templates(find, filters)
        self._default = default
        self._may_seal = may_seal
        self._may_run_python = may_run_python

    def render(self, source: Source, variables: Mapping[str, Any], renderer: str = "") -> Document:
        """Return the data of a file; text if no renderer of its makes data. Raises RenderError."""
        pipe, _ = split_pipe(source, renderer or self._default)
        with rendering():
            if pipe[0] == "py":
                return Document(self._run(source, variables))
            text = self.text(source, variables, renderer)
            return self.parse(source, text, renderer)

    def text(self, source: Source, variables: Mapping[str, Any], renderer: str = "") -> str:
        """Return a file after the first half of its pipe: as text. Raises RenderError."""
        pipe, body = split_pipe(source, renderer or self._default)
        if pipe[0] == "py":
            raise RenderError("'#!py' runs Python: it is not allowed here", file=source.path, line=1)
        if pipe[0] != "jinja":
            current().loaded(source.name, source)
            return body
        if body is not source.text:  # another text than that of a template that includes this file
            source = Source(name=source.name, path=source.path, text=body, key=source.key + b"#!")
        return self._templates.text(source, variables)

    def parse(self, source: Source, text: str, renderer: str = "") -> Document:
        """Return what `text` says, which came from a file: the second half of its pipe. Raises RenderError."""
        from shoal.render.text_formats import check_boxes, read_json  # with what `Templates` has loaded

        pipe, _ = split_pipe(source, renderer or self._default)
        if pipe[-1] == "jinja":
            return Document(text)
        try:
            if pipe[-1] == "json":
                return Document(read_json(text, source.path))
            document = load_yaml(
                text, source.path, may_seal=self._may_seal, may_aggregate=pipe[-1] == "yamlex"
            )
        except RenderError as error:
            raise _in_template(error, source, text) from None
        check_boxes(document, source.path)
        document.value = document.value or {}
        return document

    def _run(self, source: Source, variables: Mapping[str, Any]) -> Any:
        if not self._may_run_python:
            raise RenderError("'#!py' runs Python: it is not allowed here", file=source.path, line=1)
        names: dict[str, Any] = {f"__{name}__": value for name, value in variables.items()}
        try:
            exec(compile(source.text, source.path, "exec"), names)  # noqa: S102 - the caller has allowed it
            return names["run"]()
        except Exception as error:
            raise RenderError(f"'#!py': {type(error).__name__}: {error}", file=source.path) from None


def split_pipe(source: Source, default: str) -> tuple[tuple[str, ...], str]:
    """Return the renderers of a file and its text, the first line blanked if it names them. Raises RenderError."""
    text = source.text
    first, newline, rest = text.partition("\n")
    spelled = default
    if first.startswith("#!") and not first.startswith("#!/"):
        found = _PIPE.fullmatch(first.rstrip())
        if found is None:
            raise RenderError(
                f"{first[:60]!r} names no renderers; '#!jinja|yaml' does", file=source.path, line=1
            )
        spelled, text = found[1], newline + rest
    pipe = tuple(each.strip() for each in spelled.split("|"))
    unknown = [each for each in pipe if each not in _KNOWN]
    if unknown:
        raise RenderError(
            f"there is no renderer {unknown[0]!r}; there are {', '.join(_KNOWN)}", file=source.path, line=1
        )
    if len(pipe) > 2 or (len(pipe) == 2 and (pipe[0] != "jinja" or pipe[1] not in _READERS[:3])):
        raise RenderError(f"{'|'.join(pipe)!r}: only jinja can come before another", file=source.path, line=1)
    return pipe, text


def _in_template(error: RenderError, source: Source, text: str) -> RenderError:
    """Return an error in rendered text with the line of the file it comes from, if that can be told."""
    if text == source.text or not error.line:
        return error
    bad = text.split("\n")[error.line - 1 : error.line]
    same = [number for number, line in enumerate(source.text.split("\n"), 1) if bad and line == bad[0]]
    if len(same) == 1 and bad[0].strip():
        lines = lines_around(source.text, same[0])
        return RenderError(error.problem, file=source.path, line=same[0], lines=lines)
    problem = f"{error.problem} (line {error.line} of what the template makes)"
    return RenderError(problem, file=source.path, lines=error.lines)
