"""The theory ring: simulation and model against closed forms, with the tolerance that each case earns.

Exact where both sides are arithmetic; four standard errors of the simulation where chance is in it. Seeds are fixed, so
the same version gives the same numbers.
"""

from collections.abc import Callable, Iterator

from clustersim.calibration.cases import Case
from clustersim.calibration.theory.checkpointing import DALY, YOUNG_DALY, daly_cases, young_daly_cases
from clustersim.calibration.theory.collectives import BOUNDS, bound_cases
from clustersim.calibration.theory.ettr import ETTR, ettr_cases
from clustersim.calibration.theory.failures import POISSON, WEIBULL, poisson_cases, weibull_cases
from clustersim.calibration.theory.models import FLOPS, PARAMETERS, flop_cases, parameter_cases
from clustersim.calibration.theory.pipelines import BUBBLES, bubble_cases
from clustersim.calibration.theory.renewal import RENEWAL, renewal_cases
from clustersim.calibration.theory.renewals import RENEWALS, renewal_function_cases
from clustersim.calibration.theory.repairmen import REPAIRMEN, repairmen_cases
from clustersim.calibration.theory.repairs import REPAIRS, repair_cases

GROUPS: dict[str, Callable[[], Iterator[Case]]] = {
    PARAMETERS: parameter_cases,
    FLOPS: flop_cases,
    BUBBLES: bubble_cases,
    BOUNDS: bound_cases,
    DALY: daly_cases,
    YOUNG_DALY: young_daly_cases,
    RENEWAL: renewal_cases,
    ETTR: ettr_cases,
    REPAIRS: repair_cases,
    REPAIRMEN: repairmen_cases,
    POISSON: poisson_cases,
    WEIBULL: weibull_cases,
    RENEWALS: renewal_function_cases,
}
"""Groups of the ring in its order, each with the function that works its cases out."""

__all__ = ["GROUPS", "Case"]
