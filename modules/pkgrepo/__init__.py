"""`pkgrepo.*`: the repositories that the box's package manager fetches from.

`repos` holds the functions, `contract` says what a hand must do, `apt`, `dnf` and `apk` are the hands, and
`provider` chooses. Files are read and written as the package manager itself reads them; a file is replaced in
one step, and what stands in it besides the repository in question stays as it is.
"""
