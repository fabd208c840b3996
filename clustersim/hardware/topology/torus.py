"""A torus of chips, each wired to its neighbours along every dimension."""

import numpy as np

from clustersim.hardware.topology.topology import Ints, Topology
from clustersim.hardware.topology.wiring import Wiring
from clustersim.scenario.schema.fabric import TorusFabric


def torus_topology(wiring: Wiring, fabric: TorusFabric) -> Topology:
    """Wire a torus.

    Parameters
    ----------
    wiring : Wiring
        Where the links go.
    fabric : TorusFabric
        Shape, bandwidth and wraparound. The chips of a row of two have one link, or two cables with wraparound.

    Returns
    -------
    Topology
        Vertices are chips, named ``chip-0`` onwards along the first dimension first. Links lie dimension by dimension.

    Notes
    -----
    The links of a chip are its scale-up links: no further vertex stands for its domain.
    """
    shape = fabric.shape
    chips = wiring.vertices("node", [f"chip-{index}" for index in range(fabric.chips)])
    grid = chips.reshape(shape[::-1])
    for axis, size in enumerate(shape):
        low, high = neighbours(grid, len(shape) - 1 - axis, fabric.wraparound)
        double = fabric.wraparound and size == 2
        wiring.join("node", low, high, fabric.link_bandwidth * (1 + double), 1 + double)
    return wiring.topology(np.zeros((0, 0), dtype=np.int64), np.zeros(0, dtype=np.int64), shape, fabric.wraparound)


def neighbours(grid: Ints, axis: int, wraparound: bool) -> tuple[Ints, Ints]:
    """Pairs of neighbours along one axis of an array, each once."""
    size = grid.shape[axis]
    if size == 1:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    last = size if wraparound and size > 2 else size - 1
    low = np.take(grid, range(last), axis)
    high = np.take(grid, [(index + 1) % size for index in range(last)], axis)
    return low.ravel(), high.ravel()
