"""Where jobs of this box ask the daemon for what only it can get: the master's files, and the master's answers."""
