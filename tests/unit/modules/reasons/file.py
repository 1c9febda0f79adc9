"""Examples of `file` that are not run."""

_CHANGES = "it would change the box that runs the tests"

NOT_RUN = dict.fromkeys(
    (
        "file.append",
        "file.blockreplace",
        "file.chgrp",
        "file.chown",
        "file.comment",
        "file.copy",
        "file.delete_backup",
        "file.lchown",
        "file.line",
        "file.link",
        "file.makedirs",
        "file.makedirs_perms",
        "file.mkdir",
        "file.move",
        "file.patch",
        "file.prepend",
        "file.remove",
        "file.rename",
        "file.replace",
        "file.restore_backup",
        "file.rmdir",
        "file.set_mode",
        "file.symlink",
        "file.touch",
        "file.truncate",
        "file.uncomment",
        "file.write",
    ),
    _CHANGES,
)
