"""`python -m minion.executor`."""

from minion.executor.main import main

main()
