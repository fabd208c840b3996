"""Random streams, one for each named thing, so that adding a thing never shifts another's draws."""

from collections.abc import Iterator
from hashlib import blake2s

import numpy as np


def stream(seed: int, replication: int, name: str) -> np.random.Generator:
    """Random generator of one named component in one replication.

    Parameters
    ----------
    seed : int
        Seed of the study.
    replication : int
        Number of the replication, from 0.
    name : str
        Name of the component. The stream depends on the name alone, not on how many others exist.
    """
    key = int.from_bytes(blake2s(name.encode(), digest_size=8).digest(), "little")
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(replication, key & 0xFFFFFFFF, key >> 32))
    return np.random.Generator(np.random.PCG64(sequence))


def key(seed: int, replication: int, name: str) -> int:
    """Key of one named component in one replication, of 64 bits, for draws by number."""
    return int(stream(seed, replication, name).integers(1 << 63))


def uniforms(generator: np.random.Generator, block: int = 64) -> Iterator[float]:
    """Endless uniform draws in [0, 1), taken from the generator in blocks."""
    while True:
        yield from generator.random(block).tolist()


def normals(generator: np.random.Generator, block: int = 64) -> Iterator[float]:
    """Endless standard normal draws, taken from the generator in blocks."""
    while True:
        yield from generator.standard_normal(block).tolist()
