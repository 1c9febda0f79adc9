"""The operator's command line: `shoal`, `shoal-key`, `shoal-run` and the entry of `shoal-master`.

These programs speak to the master over its control socket and print what comes back. They hold no keys, open
no database and read no configuration, and they start fast: nothing heavier than argparse and msgpack is
imported before the request is on its way.
"""
