"""A checkpoint interval that follows the failures that the job has seen."""

from collections import deque

from clustersim.run.checkpointing import young_daly_interval
from clustersim.run.plan import AdaptivePlan, CheckpointPlan


class ObservedFailures:
    """The last failures of the job, and the mean time between them.

    Before as many were seen as it remembers, the others count as if they had come at the time that was expected. So the
    estimate begins with what was expected and forgets it with the failures; and it follows a rate that changes.

    References
    ----------
    .. [1] Bautista-Gomez, L. et al. (2016), "Reducing waste in extreme scale systems through introspective analysis",
       IPDPS. :doi:`10.1109/IPDPS.2016.100`
    """

    def __init__(self, plan: AdaptivePlan) -> None:
        self._plan = plan
        self._seen_s = deque([0.0], maxlen=plan.memory + 1)
        """Where the time begins in which the failures came, and their moments."""

    def add(self, t_s: float) -> None:
        """One more was seen."""
        self._seen_s.append(t_s)

    def mtbf_s(self, now_s: float) -> float:
        """Mean time between failures as it looks now [s]."""
        expected = self._plan.memory - (len(self._seen_s) - 1)
        return (now_s - self._seen_s[0] + expected * self._plan.expected_mtbf_s) / self._plan.memory


def adapted_interval_s(stall_s: float, mtbf_s: float, shortest_s: float) -> float:
    """Interval between checkpoints for this mean time between failures [s]: no shorter than the writes allow."""
    return max(young_daly_interval(stall_s, mtbf_s), shortest_s)


def shortest_interval_s(checkpoint: CheckpointPlan) -> float:
    """Interval below which a tier would get its next checkpoint before it has the last [s]; at least a second."""
    return max(1.0, *(tier.write_s / tier.every for tier in checkpoint.tiers))
