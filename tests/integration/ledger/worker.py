"""Takes jobs through a ledger, and says on stdout after each call what has returned, until it is killed.

A line is a letter and the job's number: A accepted, S started, F finished; K before the acknowledgement.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from minion.ledger import open_ledger
from tests.integration.ledger.records import NOW, a_job, a_return, jid

ACKNOWLEDGED_EVERY = 3


def main(path: str, first: int) -> None:
    ledger = open_ledger(Path(path), max_bytes=64 * 1024 * 1024)
    number = first
    while True:
        assert ledger.accept(a_job(number), NOW).verdict == "fresh"
        say("A", number)
        assert ledger.started(jid(number), NOW)
        say("S", number)
        ledger.finished(a_return(number, "x" * (number * 977 % 30_000), retcode=number % 5))
        say("F", number)
        if number % ACKNOWLEDGED_EVERY == 0:
            say("K", number)
            ledger.acknowledged([jid(number)])
        number += 1


def say(letter: str, number: int) -> None:
    os.write(1, f"{letter} {number}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
