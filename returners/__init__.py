"""Returners carry copies of returns to other places: a file, a database, a web service.

The master's own store has every return already. A returner knows its receiver and nothing else: no queue, no
retry, no master. `contract.py` says what it gets and what it may raise; `directory.py` finds one by its type.
"""

from __future__ import annotations
