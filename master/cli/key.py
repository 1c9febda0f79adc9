"""`shoal-key`: which minions belong to this master. Lists, compares, accepts, rejects and deletes keys.

What is accepted, rejected or deleted is what was shown: one request for each id on the list that the operator
saw, so that a key which arrives in between is not swept along by the glob. The master's own keys are changed in
`own_keys.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from master.cli.client import Conversation, Refused
from master.cli.key_options import KeyAction, key_action, key_parser, reachable_states
from master.cli.key_report import STATES, matching, nothing_matched, out_of_reach, write_keys
from master.cli.output import Output, check_out, open_output
from master.cli.own_keys import CHANGES, change_own_keys
from master.cli.place import socket_path
from shoal import exits
from shoal.exits import CliError, UsageError
from shoal.program import complain, run_program

_PAST: Final = {"accept": "accepted", "reject": "rejected", "delete": "deleted"}
_TO_INCLUDE: Final = {"accept": ("rejected", "denied"), "reject": ("accepted", "denied")}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    return run_program("shoal-key", _key, argv)


def _key(words: list[str]) -> int:
    options, rest = key_parser().read(words)
    action = key_action(options, rest)
    check_out(options.out)
    with open_output(options) as output:
        if action.name in _PAST:
            return _change(options, action, output)
        if action.name in CHANGES:
            return change_own_keys(options, action.name, output)
        return _show(options, action, output)


def _ask(options: argparse.Namespace, action: str, match: str, state: str = "") -> dict[str, Any]:
    path, hint = socket_path(options)
    request = {
        "op": "key",
        "action": action,
        "match": match,
        "state": state,
        "include_rejected": options.include_rejected or options.include_all,
        "include_denied": options.include_denied or options.include_all,
        "include_accepted": options.include_accepted or options.include_all,
    }
    with Conversation(path, request, hint=hint) as talk:
        return talk.answer()


def _show(options: argparse.Namespace, action: KeyAction, output: Output) -> int:
    """List keys, or print them or their fingerprints."""
    answer = _ask(options, action.name, action.match, action.state)
    keys, local = answer["minions"], answer.get("local", {}) if action.name == "finger" else {}
    everything = action.name == "list" or action.match == "*"
    if not everything and not any(keys.values()):
        raise CliError(nothing_matched(action.match, STATES))
    wanted = (action.state,) if action.state else STATES
    shown = {state: keys.get(state, []) for state in wanted if action.name == "list" or keys.get(state)}
    if not options.quiet:
        write_keys(shown, local if everything else {}, output)
    return exits.OK


def _change(options: argparse.Namespace, action: KeyAction, output: Output) -> int:
    """Show what is going to be done, ask, and do exactly that."""
    states = reachable_states(options, action.name)
    known = _ask(options, "list", action.match)["minions"]
    keys = matching(known, action.match, states)
    if not keys:
        others = [state for state in _TO_INCLUDE.get(action.name, ()) if state not in states]
        raise CliError(nothing_matched(action.match, states) + out_of_reach(known, action.match, others))
    if not options.yes and not sys.stdin.isatty():
        raise UsageError(f"{action.name} asks before it acts, and stdin is no terminal: add -y")
    if not options.quiet:
        output.aside(f"The following keys are going to be {_PAST[action.name]}:")
        write_keys(keys, {}, output)
    if not options.yes and not _confirmed(action.name):
        return exits.OK
    minions = dict.fromkeys(minion for ids in keys.values() for minion in ids)
    done = [_change_one(options, action.name, minion, output) for minion in minions]
    return exits.OK if all(done) else exits.FAILED


def _change_one(options: argparse.Namespace, action: str, minion: str, output: Output) -> bool:
    """Change the keys of one minion; say what came of it and return whether it went well."""
    try:
        changed = _ask(options, action, minion)["changed"]
    except Refused as refusal:  # the others may still go
        complain("shoal-key", str(refusal))
        return False
    if not any(changed.values()):
        complain("shoal-key", f"{minion}: nothing to {action}; its key changed in the meantime")
        return False
    if not options.quiet:
        output.aside(f"Key for minion {minion} {_PAST[action]}.")
    return True


def _confirmed(action: str) -> bool:
    """Ask on the terminal; deleting needs a y, the others take Enter for yes."""
    print(f"Proceed? [{'N/y' if action == 'delete' else 'n/Y'}] ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:  # Ctrl-D
        print()
        return False
    return (answer.strip() or ("n" if action == "delete" else "y")).lower().startswith("y")
