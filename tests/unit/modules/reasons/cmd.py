"""Examples of `cmd` that are not run."""

NOT_RUN = {"cmd.script": "the script of the example is not on this box"}
