"""What the box is called. Reads the hosts file, never a name server: on a thin link that takes a minute."""

from __future__ import annotations

from typing import Any

from minion.grains.hosts import Hosts
from minion.grains.sources import Sources
from shoal.config.host_id import full_name


def collect(sources: Sources) -> dict[str, Any]:
    """Return `host`, `localhost`, `fqdn`, `domain`, `fqdn_ip4` and `fqdn_ip6`."""
    name = sources.uname.nodename or "localhost"
    fqdn = full_name(name, sources.text("etc/hosts"))
    host, _, domain = fqdn.partition(".")
    addresses = Hosts.read(sources).addresses_of(fqdn)
    return {
        "localhost": name,
        "host": host,
        "fqdn": fqdn,
        "domain": domain,
        "fqdn_ip4": [address for address in addresses if ":" not in address],
        "fqdn_ip6": [address for address in addresses if ":" in address],
    }
