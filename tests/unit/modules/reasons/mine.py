"""Examples of `mine` that are not run."""

_ANSWER = "the master's answer is what it returns; tests/acceptance/test_mine_cli.py has one"
NOT_RUN = {"mine.delete": _ANSWER, "mine.flush": _ANSWER, "mine.get": _ANSWER}
