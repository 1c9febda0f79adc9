"""The master's files on the box: asked for over the minion's connection, kept by content."""
