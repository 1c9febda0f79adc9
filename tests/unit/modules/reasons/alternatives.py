"""Examples of `alternatives` that are not run."""

NOT_RUN = {
    "alternatives.install": "it would change the box's alternatives",
    "alternatives.remove": "it would change the box's alternatives",
    "alternatives.auto": "it would change the box's alternatives",
    "alternatives.set": "it would change the box's alternatives",
    "alternatives.query": "not every box has awk among them",
    "alternatives.show_link": "not every box has awk among them",
    "alternatives.show_current": "not every box has awk among them",
    "alternatives.display": "not every box has such a tool",
    "alternatives.check_exists": "not every box has such a tool",
    "alternatives.check_installed": "not every box has such a tool",
}
