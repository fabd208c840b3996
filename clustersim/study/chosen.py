"""One replication out of an ensemble: which, and its records."""

from typing import Literal, get_args

from clustersim.run.engine import simulate
from clustersim.run.records import Records
from clustersim.study.ensemble import Ensemble
from clustersim.study.forecast import Forecast

ByWallTime = Literal["median", "fastest", "slowest"]
BY_WALL_TIME: tuple[ByWallTime, ...] = get_args(ByWallTime)
"""Words that choose a replication."""

Choice = ByWallTime | int
"""One of :data:`BY_WALL_TIME`, or the number of a replication."""


def chosen_number(ensemble: Ensemble, choice: Choice) -> int:
    """Number of the replication that is meant; one that did not finish is slower than all that did."""
    if isinstance(choice, int):
        return choice
    if choice == "median":
        return ensemble.median_replication().number
    in_order = sorted(ensemble.replications, key=lambda run: (not run.finished, run.wall_s, run.number))
    return in_order[0 if choice == "fastest" else -1].number


def records_of(forecast: Forecast, number: int) -> Records:
    """Records of one replication.

    Those of the median one are at hand. Any other is simulated again: the same plan, seed and number give the same
    bytes, and a run takes less time than its records would take to be sent from its worker.
    """
    ensemble = forecast.ensemble
    if number == ensemble.median_replication().number:
        return forecast.records
    return simulate(ensemble.plan, ensemble.seed, number)
