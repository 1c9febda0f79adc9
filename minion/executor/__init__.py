"""The executor: a small process that runs the minion's jobs, a forked child for each.

    daemon ── unix socket ── executor ── pipe ── job child

1. `contract.py` is what the daemon codes against; `client.py` is the real thing behind it.
2. `server.py` is the executor itself. It survives its daemon, keeps results until they are acknowledged, and
   never touches the network.
3. `child.py` and what it calls runs inside the forked child, where a job may do as it likes.

Nothing here imports zmq, nacl or asyncio: memory is counted in MiB on the boxes this runs on.
"""
