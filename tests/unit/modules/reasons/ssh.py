"""Examples of `ssh` that are not run."""

_HOMES = "it would read or change the files of whoever runs the tests"
_KEY = "the key of the example is cut short"
NOT_RUN = {
    **dict.fromkeys(
        (
            *("ssh.auth_keys", "ssh.user_keys", "ssh.get_known_host_entries", "ssh.check_known_host"),
            *(
                "ssh.rm_known_host",
                "ssh.hash_known_hosts",
                "ssh.set_auth_key_from_file",
                "ssh.restore_known_host",
            ),
        ),
        _HOMES,
    ),
    **dict.fromkeys(("ssh.set_auth_key", "ssh.rm_auth_key", "ssh.check_key", "ssh.set_known_host"), _KEY),
    "ssh.recv_known_host_entries": "it asks a host on the internet",
    "ssh.key_is_encrypted": "the key of the example is not on this box",
}
