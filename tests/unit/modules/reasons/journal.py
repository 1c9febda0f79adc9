"""Examples of `journal` that are not run."""

NOT_RUN = {
    f"journal.{name}": "needs a box on which journald runs; a fake one is in test_journal"
    for name in ("query", "disk_usage", "vacuum", "boots", "rotate")
}
