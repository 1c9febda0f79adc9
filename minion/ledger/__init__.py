"""The ledger: what a minion must not forget when it is killed or the power fails.

Jobs that were taken, jobs that have begun, and returns until the master has stored them, in one SQLite file.
This room decides nothing about trust and runs nothing.
"""

from minion.ledger.entry import Accepted, Entry
from minion.ledger.ledger import Ledger, open_ledger

__all__ = ["Accepted", "Entry", "Ledger", "open_ledger"]
