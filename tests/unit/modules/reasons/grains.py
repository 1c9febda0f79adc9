"""Examples of `grains` that are not run."""

_FILE = "it changes the grains file, which the made-up box does not have"
NOT_RUN = {
    f"grains.{name}": _FILE
    for name in (
        "append",
        "delkey",
        "delval",
        "get_or_set_hash",
        "put_back",
        "remove",
        "set",
        "setval",
        "setvals",
    )
}
