"""Who is who: keys, certificates, join tokens, signatures and trust decisions. No sockets, no clock calls."""
