"""Filters whose answer is not the same twice; a rendering that uses one is not kept for another box."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

from shoal.errors import RenderError
from shoal.render.filters.digests import digest_of
from shoal.render.filters.unfolded import unfolded
from shoal.render.rendering import volatile

_MAX_RANDOM: Final = 10**18


def _chance(seed: Any) -> random.Random:
    if seed is None:
        volatile()
        return random.SystemRandom()
    return random.Random(seed)  # noqa: S311 - the same seed is to give the same order


def random_hash(size: int = 9_999_999_999, hash_type: str = "sha256") -> str:
    """Return the digest of a random number below `size`."""
    volatile()
    return digest_of(hash_type or "sha256", str(secrets.randbelow(max(1, min(int(size), _MAX_RANDOM)))))


def random_sample(value: Sequence[Any], size: int, seed: Any = None) -> list[Any]:
    """Return `size` items by chance; the same ones for the same `seed`."""
    if size > len(value):
        raise RenderError(f"random_sample: {size} items of {len(value)}")
    return _chance(seed).sample(list(value), size)


def random_shuffle(value: Sequence[Any], seed: Any = None) -> list[Any]:
    """Return the items in an order by chance; the same one for the same `seed`."""
    return _chance(seed).sample(list(value), len(value))


def gen_mac(prefix: str = "AC:DE:48") -> str:
    """Return a MAC address by chance that begins with `prefix`."""
    volatile()
    tail = [f"{byte:02X}" for byte in secrets.token_bytes(6 - prefix.count(":") - 1)]
    return ":".join([prefix, *tail])


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "gen_mac": unfolded(gen_mac),
    "rand_str": unfolded(random_hash),
    "random_hash": unfolded(random_hash),
    "random_sample": unfolded(random_sample),
    "random_shuffle": unfolded(random_shuffle),
}
