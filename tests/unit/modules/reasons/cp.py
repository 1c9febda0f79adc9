"""Examples of `cp.*` that are not run, and why."""

from __future__ import annotations

NOT_RUN = {
    "cp.get_url": "needs a web server; test_get_url.py has bad ones",
    "cp.push": "needs a master that takes files; test_cp_push.py has one",
    "cp.push_dir": "needs a master that takes files; test_cp_push.py has one",
    "cp.recv": "needs files that shoal-cp has brought; test_cp_cli.py brings some",
}
