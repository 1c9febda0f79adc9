"""Ground floor: the words both sides share (job, return, event, wire format, targets, transport)."""
