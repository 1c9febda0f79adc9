"""The ledger on real disks: killed, cut off, full, read-only, damaged."""
