"""Examples of `sysctl` that are not run."""

NOT_RUN = {
    "sysctl.get": "the interface of the example is not on this box",
    "sysctl.assign": "it would change the kernel",
    "sysctl.persist": "it would change the kernel and /etc",
}
