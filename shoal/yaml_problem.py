"""What PyYAML complains of, in words that say what to do. For configuration, SLS, pillar and data files."""

from __future__ import annotations

import yaml


def explain(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """Return the line of `text` where `error` is, counted from 1, and what is wrong there, without a file name."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, error.position) + 1
        return line, "a control character that YAML does not allow"
    if not isinstance(error, yaml.MarkedYAMLError):
        return 1, "not YAML"
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    return line, _problem(error, text, line)


def _problem(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    problem = error.problem or error.context or "cannot be read"
    if "'\\t'" in problem or "\t" in _indent(text, line):
        return "a tab is used for indentation. Use spaces"
    if "but found another document" in problem:
        return "a second document starts here. Use one file for each"
    if "mapping values are not allowed" in problem:
        return "a ':' where none can be. Is the indentation right, or are quotes missing?"
    if problem.startswith(("expected <block end>", "did not find expected key", "did not find expected '-'")):
        return "this does not belong to what stands above it. Is the indentation right?"
    begins = error.context_mark.line + 1 if error.context_mark is not None else line
    if "end of stream" in problem and begins < line:
        return f"not YAML: the file ends inside what begins on line {begins}; is a quote missing?"
    return f"not YAML: {problem.partition(chr(10))[0]}"


def _indent(text: str, number: int) -> str:
    line = "".join(text.split("\n")[number - 1 : number])
    return line[: len(line) - len(line.lstrip())]
