"""Examples of `git` that are not run."""

_NO_SUCH = "the repository of the example is not on this box"

NOT_RUN = {
    f"git.{name}": _NO_SUCH
    for name in (
        *("add", "archive", "branch", "bring_to", "checkout", "clone", "commit", "config_get", "config_set"),
        *("config_get_regexp", "config_unset", "lead_back"),
        *("current_branch", "describe", "diff", "fetch", "init", "list_branches", "list_tags", "ls_remote"),
        *("merge_base", "pull", "remote_get", "remote_set", "remotes", "reset", "rev_parse", "status"),
        *("submodule", "tag", "worktree_add", "worktree_rm"),
    )
}
