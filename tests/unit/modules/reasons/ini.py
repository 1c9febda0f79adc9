"""Examples of `ini` that are not run."""

NOT_RUN = {"ini.set_option": "it would change a file of the box"}
