"""Did-you-mean: the near name for one that does not exist."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the nearest of `known`, or nothing; to be put behind a full stop."""
    from difflib import get_close_matches  # only for the mistake: costs start-up time

    near = get_close_matches(name.lower(), list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
