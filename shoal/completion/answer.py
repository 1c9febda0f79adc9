"""A shell's question to a program, and the answer in the form that the shell reads.

    --complete bash BREAKS LINE     LINE: up to the cursor, the program's name first
    --complete zsh|fish WORD…       after the program's name; the last is the one that was begun

The answer is a line for each candidate; zsh and fish get a tab and an explanation behind it. Exit code `FILES` tells
the shell to complete names of files itself. Whatever goes wrong is no candidates: nobody wants an error in a line
that is being typed.
"""

from __future__ import annotations

from typing import Final

from shoal.command_line import CommandLine
from shoal.completion.candidates import Candidate, find
from shoal.completion.line import split
from shoal.errors import ShoalError

FILES: Final = 10


def answer(parser: CommandLine, question: list[str]) -> tuple[str, int]:
    """Return the text and the exit code for what follows `--complete`."""
    shell, *words = question or [""]
    kept = 0
    if shell == "bash":
        breaks, text = (*words, "", "")[:2]
        line = split(text, breaks)
        words, begun, kept = line.words[1:], line.begun, line.kept
    else:
        *words, begun = words or [""]
    try:
        found = find(parser, words, begun)
    except ShoalError:
        return "", 0
    show = _plain if shell == "bash" else _explained
    lines = [show(each)[kept:] for each in found.candidates]
    return "".join(f"{line}\n" for line in lines), FILES if found.files and not lines else 0


def _plain(candidate: Candidate) -> str:
    return candidate.text


def _explained(candidate: Candidate) -> str:
    return f"{candidate.text}\t{candidate.help}" if candidate.help else candidate.text
