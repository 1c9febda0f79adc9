"""The options of `shoal-key`, and the one action they add up to."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final, NamedTuple

from master.cli.options import Parser, add_output_options
from shoal.command_line import Offer
from shoal.exits import UsageError

EVERYONE: Final = "*"
_LIST_WORDS: Final = {
    "acc": "accepted", "accepted": "accepted",
    "den": "denied", "denied": "denied",
    "un": "pending", "unaccepted": "pending", "pre": "pending", "pending": "pending",
    "rej": "rejected", "rejected": "rejected",
    "all": "",
}  # fmt: skip
_ACTIONS: Final = (
    ("-a", "--accept", "-A", "--accept-all", "accept", "accept"),
    ("-r", "--reject", "-R", "--reject-all", "reject", "reject"),
    ("-d", "--delete", "-D", "--delete-all", "delete", "delete"),
    ("-p", "--print", "-P", "--print-all", "print", "print the public key of"),
    ("-f", "--finger", "-F", "--finger-all", "finger", "show the fingerprint of"),
)


_OWN: Final = {
    "rotate-sign": "give the master a new sign key and certificate",
    "rotate-curve": "announce a new CURVE key of the master to the minions",
    "switch-curve": "use the CURVE key that was announced",
}


class KeyAction(NamedTuple):
    """What is to be done with which keys. `state` narrows a list; empty for all states."""

    name: str
    match: str = EVERYONE
    state: str = ""


def key_parser() -> Parser:
    """Return the option parser of `shoal-key`."""
    parser = Parser(
        "shoal-key", "shoal-key [options]", "Say which minions belong to this master.", log_short=()
    )
    parser.epilog = "A new box needs a join string: shoal-run token.create"
    one = parser.add_argument_group("what to do (default: -L)").add_mutually_exclusive_group()
    one.add_argument("-L", "--list-all", action="store_true", help="list all keys")
    one.add_argument("-l", "--list", metavar="STATE", type=_state, help="list acc, pre, rej, den or all")
    for short, long, short_all, long_all, name, text in _ACTIONS:
        one.add_argument(short, long, dest=name, metavar="NAME", help=f"{text} keys that match the glob NAME")
        whom = "all pending keys" if name in ("accept", "reject") else "all keys"
        one.add_argument(short_all, long_all, dest=name, action="store_const", const=EVERYONE,
            help=f"{text} {whom}")  # fmt: skip
    for change, text in _OWN.items():
        one.add_argument(f"--{change}", dest="own", action="store_const", const=change, help=text)
    add = parser.add_argument_group("how").add_argument
    for state in ("all", "accepted", "rejected", "denied"):
        add(f"--include-{state}", action="store_true", help=f"let -a and -r reach {state} keys too")
    add(
        "--root-key",
        metavar="FILE",
        help="where the fleet's root key is, for the changes of the master's keys",
    )
    parser.offer(list=_list_words, **{name: keys_for(name) for *_, name, _text in _ACTIONS})
    add("-y", "--yes", action="store_true", help="do not ask")
    add("-q", "--quiet", action="store_true", help="print nothing but errors")
    add_output_options(parser)
    return parser


def key_action(options: argparse.Namespace, words: list[str]) -> KeyAction:
    """Return the one thing to do. Raises UsageError."""
    if words:
        raise UsageError(f"unexpected word {words[0]!r}: a name follows its option (shoal-key -a NAME)")
    if options.own:
        return KeyAction(options.own)
    if options.root_key:
        raise UsageError("--root-key goes with --rotate-sign, --rotate-curve or --switch-curve")
    for *_, name, _text in _ACTIONS:
        match = getattr(options, name)
        if match is not None:
            if not match:
                raise UsageError(f"--{name} needs a name or glob")
            return KeyAction(name, match)
    return KeyAction("list", state=options.list or "")


def reachable_states(options: argparse.Namespace, action: str) -> tuple[str, ...]:
    """Return the states whose keys `action` may change, in the order they are shown."""
    if action == "delete":
        return ("accepted", "denied", "pending", "rejected")
    reach = {"pending"}
    for state in ("accepted", "rejected", "denied"):
        if options.include_all or getattr(options, f"include_{state}"):
            reach.add(state)
    reach.discard({"accept": "accepted", "reject": "rejected"}[action])
    return tuple(state for state in ("accepted", "denied", "pending", "rejected") if state in reach)


def keys_for(action: str) -> Offer:
    """Return what offers a shell the ids whose keys `action` can be for."""

    def offer(options: argparse.Namespace, begun: str) -> Iterable[str]:
        from master.cli.offers import keys  # only when a shell asks

        shown = action in ("print", "finger")
        return keys(options, begun, None if shown else reachable_states(options, action))

    return offer


def _list_words(options: argparse.Namespace, begun: str) -> Iterable[str]:
    return _LIST_WORDS


def _state(text: str) -> str:
    if text not in _LIST_WORDS:
        raise argparse.ArgumentTypeError(f"one of acc, pre, un, rej, den, all expected, not {text!r}")
    return _LIST_WORDS[text]
