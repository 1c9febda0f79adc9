"""Starts, stops, enables and lists the services of a box, whatever its init system is.

`contract.py` says what an init system must be able to do, `systemd.py` and `openrc.py` are those that there are,
`provider.py` picks one. The functions are in `control.py` (now), `boot.py` (at boot), `listing.py` (what there is)
and `units.py` (what only systemd has). All take a name, check it by `unit_name.py`, and never hand it to a program
as an option.
"""
