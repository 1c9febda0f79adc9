"""Examples of `archive` that are not run."""

_NO_SUCH = "the archive or the files of the example are not on this box"

NOT_RUN = {
    f"archive.{name}": _NO_SUCH
    for name in ("extract", "gunzip", "gzip", "is_encrypted", "list", "tar", "unzip", "zip")
}
