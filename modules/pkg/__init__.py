"""`pkg.*`: packages of the box's own package manager, whichever that is.

- `look`, `upgrades`, `change`, `upkeep` and `files` hold the functions; they know no package manager.
- `contract` says what a package manager must answer; `apt`, `dnf` and `apk` are the hands; `provider` chooses.
- `*_text` files read what programs print: pure functions, no IO.

Nothing here ever asks a question on a terminal, and no name reaches a program unchecked.
"""
