"""What is mounted, now and by fstab at each start, and which swap is used.

A device that is mounted where another one is to be is not taken away: that is an error. Nothing is mounted over it.
"""
