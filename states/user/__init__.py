"""Users of the box.

`wanted` is what a state asks for; `account` and `password` find what differs from that, each with the step that changes
it and the one that takes it back; `present` and `absent` put that together. No password and no hash is in a comment or
among changes: those say `XXX-REDACTED-XXX`.
"""
