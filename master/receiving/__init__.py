"""Files that come to the master: pushed by boxes, or brought by `shoal-cp` for boxes to fetch."""
