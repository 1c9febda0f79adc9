"""Examples of `pkgrepo` that are not run."""

NOT_RUN = {
    "pkgrepo.list_repos": "its answer depends on the box's package manager; see test_pkgrepo.py",
    "pkgrepo.get_repo": "its answer depends on the box's package manager; see test_pkgrepo.py",
    "pkgrepo.mod_repo": "it would change the repositories of the box that tests",
    "pkgrepo.put_back": "it would change the repositories of the box that tests",
    "pkgrepo.del_repo": "it would change the repositories of the box that tests",
}
