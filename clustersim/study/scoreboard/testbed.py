"""Collectives and training steps over a testbed, as measured and as the fabric model predicts them."""

from collections.abc import Iterator
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.study.testbed.collectives import measured_collective_s
from clustersim.study.testbed.measurement import MeasuredNetwork, MeasuredTestbed, read_testbed_file
from clustersim.study.testbed.network import testbed_cluster
from clustersim.study.testbed.steps import gloo, limited_step_s

COLLECTIVES, STEPS = "testbed: collectives", "testbed: steps"

LEAST_BYTES = 2**20
"""Smaller messages fit into the buffers of an idle link in part, and say little of its rate."""

OWN_BYTES_S = 1e9
"""What a host moves when no cable limits it, where that was not measured [bytes/s]: memory copies of one core."""


def testbed_cases(path: Path) -> list[Case]:
    """Measurements over a testbed against predictions.

    Parameters
    ----------
    path : Path
        A file of ``python -m validation.testbed measure``.

    Returns
    -------
    list of Case
        Steps of every job on every topology, then collectives of at least 1 MiB. Nothing but the rates of the cables
        and the runs without limits is used.
    """
    file = read_testbed_file(path)
    steps = (case for network in file.networks for case in _steps(file, network, path.name))
    collectives = (case for network in file.networks for case in _collectives(file, network, path.name))
    return [*steps, *collectives]


def _steps(file: MeasuredTestbed, network: MeasuredNetwork, source: str) -> Iterator[Case]:
    own_bytes_s = _own_bytes_s(network)
    for measured in network.steps:
        predicted_s = limited_step_s(network, measured, file.payload_fraction, own_bytes_s)
        slower, expected = measured.step.time_s / measured.baseline_time_s, predicted_s / measured.baseline_time_s
        yield Case(
            group=STEPS,
            name=f"{network.name}: {measured.step.name}",
            expected=measured.step.time_s,
            found=predicted_s,
            unit="s",
            source=source,
            note=f"{slower:.2f} times as long as without limits, predicted {expected:.2f}",
        )


def _collectives(file: MeasuredTestbed, network: MeasuredNetwork, source: str) -> Iterator[Case]:
    cluster = gloo(testbed_cluster(network, file.payload_fraction, _own_bytes_s(network)))
    for run in network.collectives:
        predicted_s = measured_collective_s(cluster, network.hosts, run) if run.size_bytes >= LEAST_BYTES else None
        if predicted_s is not None:
            others = f" beside {len(run.together) - 1} more" if len(run.together) > 1 else ""
            yield Case(
                group=COLLECTIVES,
                name=f"{network.name}: {run.operation} {run.size_bytes / 2**20:g} MiB, {'-'.join(run.group)}{others}",
                expected=run.time_s,
                found=predicted_s,
                unit="s",
                source=source,
            )


def _own_bytes_s(network: MeasuredNetwork) -> float:
    """What a host moved in the largest all-reduce over all hosts without limits."""
    whole = [
        run
        for run in network.collectives
        if run.operation == "all_reduce" and run.group == network.hosts and run.baseline_time_s is not None
    ]
    if not whole:
        return OWN_BYTES_S
    largest = max(whole, key=lambda run: run.size_bytes)
    ranks = len(network.hosts)
    return 2.0 * (ranks - 1) / ranks * largest.size_bytes / (largest.baseline_time_s or 1.0)
