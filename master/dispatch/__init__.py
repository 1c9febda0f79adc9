"""Carries copies of returns to returners, beside the hot path: a durable queue and a thread for each.

    configured.py  `returners` in the configuration, read and checked
    worker.py      serves one returner: takes a batch, hands it over, notes it, waits and tries again
    dispatcher.py  all workers: who gets which return, threads, events

The queues are tables (`master/store/dispatches.py`), filled in the transaction that stores the returns. A receiver
that is slow or dead never delays a job, and what was stored is delivered at least once or dropped with a word.
"""

from __future__ import annotations
