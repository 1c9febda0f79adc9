"""Desired state: functions that read a box and return a plan, never change it. The engine applies plans."""
