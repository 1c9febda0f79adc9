"""Examples of `group` that are not run."""

NOT_RUN = dict.fromkeys(
    (
        *("group.add", "group.delete", "group.chgid"),
        *("group.adduser", "group.deluser", "group.members", "group.restore"),
    ),
    "it would change the box's groups",
)
