"""Training steps over a testbed: the pace of a host from the run without limits, the rest from the fabric model."""

from clustersim.calibration.measured.steps import PARAMETERS, measured_cluster, predicted_step_s
from clustersim.scenario.schema.hardware import Cluster
from clustersim.study.testbed.measurement import MeasuredNetwork, MeasuredStep
from clustersim.study.testbed.network import testbed_cluster, unlimited_cluster

MATRIX_FLOP_S = 5e10
"""Where the search for the pace of a host starts [FLOP/s]; half of what a core of a server reaches."""

_PACED = ("attention", "memory")
_NOT_HERE = ("contention", "scale_up")


def limited_step_s(
    network: MeasuredNetwork, measured: MeasuredStep, payload_fraction: float, own_bytes_s: float
) -> float:
    """Time of a step over the cables as they are [s].

    Parameters
    ----------
    network : MeasuredNetwork
        Hosts and cables.
    measured : MeasuredStep
        The job. Of its times only that without limits is used.
    payload_fraction, own_bytes_s : float
        As in :func:`clustersim.study.testbed.network.testbed_cluster`.
    """
    pace = _pace(unlimited_cluster(network, own_bytes_s), measured)
    return predicted_step_s(measured.step, _paced(testbed_cluster(network, payload_fraction, own_bytes_s), pace))


def _pace(free: Cluster, measured: MeasuredStep) -> float:
    """Pace at which the predicted step without limits takes as long as the measured one."""
    from scipy.optimize import brentq

    def excess(pace: float) -> float:
        return predicted_step_s(measured.step, _paced(free, pace)) - measured.baseline_time_s

    return float(brentq(excess, 1e-3, 1e3, rtol=1e-4))


def gloo(cluster: Cluster) -> Cluster:
    """The cluster with hosts whose collectives are gloo's."""
    return _paced(cluster, 1.0)


def _paced(cluster: Cluster, pace: float) -> Cluster:
    """The cluster with hosts that compute at a multiple of a usual pace."""
    values = {parameter.name: parameter.start for parameter in PARAMETERS if parameter.name not in _NOT_HERE}
    values |= {name: values[name] * pace for name in _PACED}
    values |= {"matrix.fp32": MATRIX_FLOP_S * pace, "matrix.bf16": MATRIX_FLOP_S * pace}
    return measured_cluster(cluster, values, overlap=True)
