"""Examples of `test` that are not run."""

NOT_RUN = {"test.exception": "its work is to fail"}
