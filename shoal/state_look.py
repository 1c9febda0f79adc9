"""What an operator asked for about the look of state runs; `shoal/outputters/highstate.py` says what it means.

The names are those of Salt's configuration without `state_`. Programs start fast, so nothing is
imported here but `typing`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

KINDS: Final = ("full", "terse", "mixed", "changes", "filter")
OUTPUTS: Final = (*KINDS, *(f"{kind}_id" for kind in KINDS))
RESULTS: Final = ("True", "False", "None")


class StateLook(NamedTuple):
    """Salt's knobs, with Salt's defaults."""

    output: str = "full"  # one of OUTPUTS; with `_id` a state goes by its id, not by its name
    verbose: bool = True  # also show states that found all as it should be
    output_diff: bool = False  # never show them
    output_pct: bool = False  # percentages in the summary
    output_profile: bool = True  # when each state started and how long it took
    output_exclude: tuple[str, ...] = ()  # of RESULTS: what `filter` leaves out
    output_terse: tuple[str, ...] = ()  # of RESULTS: what `filter` shows on one line
    tabular: bool = False  # columns instead of names in what is on one line
    compress_ids: bool = False  # one entry for the states that one id made with one result

    @property
    def kind(self) -> str:
        """Return `output` without `_id`."""
        return self.output.removesuffix("_id")

    @property
    def by_id(self) -> bool:
        """Whether states go by their ids."""
        return self.output.endswith("_id")

    @property
    def hides_clean(self) -> bool:
        """Whether states that found all as it should be are left out."""
        return self.output_diff or not self.verbose
