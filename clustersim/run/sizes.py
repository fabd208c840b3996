"""The size of the job over time, and its time counted in GPU time."""

from dataclasses import replace

import numpy as np

from clustersim.run.metrics import WHOLE_RUN, Window
from clustersim.run.records import Column, Records


def time_by_size_s(records: Records, window: Window = WHOLE_RUN) -> dict[int, float]:
    """Wall time by the nodes that the job has [s], whether or not all of them work for it."""
    edges_s = np.append(records.sizes["t_s"], records.end_s)
    edges_s = np.clip(edges_s, window.start_s, min(window.end_s, records.end_s))
    by_size: dict[int, float] = {}
    for nodes, length_s in zip(records.sizes["nodes"].tolist(), np.diff(edges_s).tolist(), strict=True):
        by_size[nodes] = by_size.get(nodes, 0.0) + length_s
    return {nodes: length_s for nodes, length_s in by_size.items() if length_s > 0.0}


def full_size_time(records: Records, nodes: int) -> Records:
    """The run on an axis of GPU time: each interval as long as its node-seconds take a job of so many nodes.

    What adds up the lengths of intervals then adds up GPU time, in seconds of a job of full size. Incidents,
    checkpoints and repairs stay at the moments at which they happened.

    Parameters
    ----------
    records : Records
        One run.
    nodes : int
        Nodes of a job of full size.

    Returns
    -------
    Records
        `records` itself if the job was of full size throughout.
    """
    if (records.sizes["nodes"] == nodes).all():
        return records
    start_s, end_s = records.intervals["start_s"], records.intervals["end_s"]
    scaled_s = (end_s - start_s) * (_nodes_in(records) / nodes)
    until_s = np.cumsum(scaled_s)
    intervals = {**records.intervals, "start_s": until_s - scaled_s, "end_s": until_s}
    return replace(records, intervals=intervals, end_s=float(scaled_s.sum()))


def _nodes_in(records: Records) -> Column:
    """Nodes that the job has in each interval: it changes its size between two."""
    middle_s = 0.5 * (records.intervals["start_s"] + records.intervals["end_s"])
    nodes: Column = records.sizes["nodes"][np.searchsorted(records.sizes["t_s"], middle_s, side="right") - 1]
    return nodes
