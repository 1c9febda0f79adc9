"""Examples of `hostname` that are not run."""

NOT_RUN = {
    "hostname.set": "it would rename the box",
    "hostname.set_pretty": "it would change /etc",
    "hostname.set_chassis": "it would change /etc",
}
