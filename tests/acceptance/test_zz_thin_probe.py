import time
from tests.acceptance.test_healing import *
def test_thin(empty_fleet):
    fleet = empty_fleet
    with wired(fleet) as wire:
        wire.delay_s, wire.bytes_per_s = 0.1, 64 * 1024
        t=time.monotonic()
        jid = fleet.shoal(BOX, "cmd.run", "head -c 900000 /dev/urandom | base64 -w0", "--async").stdout.split()[-1]
        try:
            until("home", lambda: fleet.runner("jobs.lookup_jid", jid), 60)
        finally:
            print("TOOK", time.monotonic()-t, len(wire.connections), fleet.counters())
            print(fleet.minions[BOX].text()[-1500:])
