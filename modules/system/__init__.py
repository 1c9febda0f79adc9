"""Turns the box off and on again, sets its clock, and says whether it should be restarted.

A job that takes the box down must still give its answer, so nothing here goes down at once. The least delay is
`delay.MIN_S` seconds. What waits is not the job: with systemd it is a transient timer of process 1
(`transient_timer.py`), else a program in the background (`background.py`). `contract.py` is what both can do,
`provider.py` picks one, `power.py` has the functions.
"""
