"""Each test of the contract runs over the real transport and over the one in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.transport.network import Network, open_network


@pytest.fixture(params=["memory", "zmq"])
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    """A network whose master is up."""
    network = open_network(request.param)
    yield network
    network.close()


@pytest.fixture
def real_network() -> Iterator[Network]:
    """A network over ZeroMQ, for what only real sockets can get wrong."""
    network = open_network("zmq")
    yield network
    network.close()
