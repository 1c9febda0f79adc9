"""ZeroMQ with CURVE and ZAP: the only room that knows zmq. `master.py` and `link.py` are its two ends."""
