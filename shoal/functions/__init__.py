"""Functions that can be asked for by name: how they are marked, what they take, how arguments are fitted.

Execution functions on a box and runners on the master are made the same way, so operators type the same words.
"""
