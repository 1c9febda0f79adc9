"""Examples of `hosts` that are not run."""

NOT_RUN = {
    "hosts.set_host": "it would change /etc/hosts",
    "hosts.add_host": "it would change /etc/hosts",
    "hosts.rm_host": "it would change /etc/hosts",
    "hosts.set_comment": "it would change /etc/hosts",
}
