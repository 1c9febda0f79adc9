"""Examples of `kmod` that are not run."""

NOT_RUN = {
    "kmod.load": "it would load a module",
    "kmod.remove": "it would unload a module",
    "kmod.blacklist": "it would change /etc",
    "kmod.unblacklist": "it would change /etc",
}
