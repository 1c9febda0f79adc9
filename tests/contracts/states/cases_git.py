"""Cases of `git` that need no remote. Those with one are in tests/unit/states/test_git.py."""

from __future__ import annotations

import shutil

from tests.contracts.states.contract import ROOT, Case

CASES = [
    Case(name="no folder", fun="git.present", args={"name": f"{ROOT}/new/site.git"}),
    Case(name="with files", fun="git.present", args={"name": f"{ROOT}/site", "bare": False}),
] * bool(shutil.which("git"))
