"""`shoal-run state.event [TAG] [pretty=True] [count=N]`: the master's events on stdout, as they happen.

A line an event, `tag<TAB>json`, as Salt prints it; `pretty=True` spreads the JSON over several lines.
"""

from __future__ import annotations

import json
import time
from typing import Any, Final, NamedTuple

from master.cli.client import Conversation
from master.cli.output import Output
from shoal import exits
from shoal.exits import UsageError
from shoal.outputters.terminal import clean, clean_line

_YES: Final = ("true", "yes", "1", "on")
_NO: Final = ("false", "no", "0", "off")


class Wanted(NamedTuple):
    """Which events, how many (0 for all that come) and in which look."""

    tag: str = "*"
    pretty: bool = False
    quiet: bool = False
    limit: int = 0


def follow_events(path: str, hint: str, words: list[str], output: Output) -> int:
    """Print events until `count` is reached or Ctrl-C. Raises UsageError, ControlError."""
    wanted = read_words(words)
    seen = 0
    with Conversation(path, {"op": "events", "tag": wanted.tag}, hint=hint, patience_s=0.0) as talk:
        for message in talk:
            if message.get("event") != "event":
                continue
            if not wanted.quiet:
                output.line(event_line(message, pretty=wanted.pretty))
            seen += 1
            if seen == wanted.limit:
                break
    return exits.OK


def read_words(words: list[str]) -> Wanted:
    """Return what the words after `state.event` ask for. Raises UsageError."""
    wanted = Wanted()
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name in ("tag", "tagmatch") and equals:
            wanted = wanted._replace(tag=value)
        elif name == "pretty" and equals:
            wanted = wanted._replace(pretty=_flag(name, value))
        elif name == "quiet" and equals:
            wanted = wanted._replace(quiet=_flag(name, value))
        elif name == "count" and equals:
            wanted = wanted._replace(limit=_count(value))
        elif index == 0:
            wanted = wanted._replace(tag=word)
        else:
            raise UsageError(f"state.event: {word!r} is not known; it takes [TAG] [pretty=True] [count=N]")
    return wanted


def event_line(message: dict[str, Any], *, pretty: bool) -> str:
    """Return one event as text. Salt's `_stamp` is added from the event's time."""
    data = dict(message["data"])
    if "time" in message and "_stamp" not in data:
        whole, rest = divmod(int(message["time"] * 1_000_000), 1_000_000)
        data["_stamp"] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{rest:06d}"
    text = json.dumps(data, sort_keys=pretty, indent=4 if pretty else None, default=_not_json)
    return f"{clean_line(message['tag'])}\t{clean(text)}"


def _not_json(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def _flag(name: str, value: str) -> bool:
    if value.lower() in _YES:
        return True
    if value.lower() in _NO:
        return False
    raise UsageError(f"state.event: {name} is True or False, not {value!r}")


def _count(value: str) -> int:
    try:
        number = int(value)
    except ValueError:
        raise UsageError(f"state.event: count is a whole number, not {value!r}") from None
    return max(number, 0)  # Salt's -1 means all
