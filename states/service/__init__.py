"""Services of the box: running or not now, and at each start.

`facts` is what is so, `wanted` what a service is asked to be; the other files have a state or two each. A service that
is not there may come earlier in the same run: a test run promises it, and a real one fails with it.
"""
