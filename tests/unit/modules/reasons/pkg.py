"""Examples of `pkg` that are not run."""

_CHANGES = "it would change the packages of the box that tests"
_FETCHES = "it would fetch package lists over the network"
_NEEDS = "its answer depends on the box's package manager; see test_pkg.py"

NOT_RUN = {
    **dict.fromkeys(
        (
            f"pkg.{name}"
            for name in ("install", "remove", "purge", "upgrade", "autoremove", "clean", "restore")
        ),
        _CHANGES,
    ),
    **dict.fromkeys((f"pkg.{name}" for name in ("hold", "unhold")), _CHANGES),
    **dict.fromkeys((f"pkg.{name}" for name in ("refresh_db", "latest_version", "list_upgrades")), _FETCHES),
    **dict.fromkeys(
        (
            f"pkg.{name}"
            for name in (
                "file_dict",
                "file_list",
                "info_installed",
                "list_holds",
                "list_pkgs",
                "list_repo_pkgs",
                "normalize_name",
                "owner",
                "show",
                "upgrade_available",
                "verify",
                "version",
                "version_cmp",
            )
        ),
        _NEEDS,
    ),
}
