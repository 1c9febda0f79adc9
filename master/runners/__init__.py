"""Runners: what `shoal-run` asks of the master itself. One file a module, as with execution modules.

A runner is a typed function whose first parameter is `ctx: RunnerContext`; it may be a coroutine function. The
signature decides how words of the command line are read.
"""
