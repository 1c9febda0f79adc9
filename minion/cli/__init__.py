"""The box's command line: `shoal-minion` and `shoal-call`."""
