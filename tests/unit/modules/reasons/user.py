"""Examples of `user` that are not run."""

_WHY = "it would change the box's users"
NOT_RUN = dict.fromkeys(
    (
        *(
            "user.add",
            "user.delete",
            "user.rename",
            "user.chuid",
            "user.chgid",
            "user.chshell",
            "user.chhome",
        ),
        *("user.chgroups", "user.chfullname", "user.chroomnumber", "user.chworkphone", "user.chhomephone"),
        *("user.chother", "user.restore"),
    ),
    _WHY,
)
