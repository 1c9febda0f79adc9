"""Examples of `environ` that are not run."""

NOT_RUN = {
    "environ.setval": "it would change /etc/environment",
    "environ.setenv": "it would change /etc/environment",
}
