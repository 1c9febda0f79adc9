"""The minion: connect, verify, execute, report; and the box's command line."""
