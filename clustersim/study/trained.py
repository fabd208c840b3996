"""The plan's model as the laws of capability ask for it: after so many tokens, at the compute that they are worth."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from clustersim.learning.capability import Trained
from clustersim.learning.corpus import worth_to_scores
from clustersim.learning.loss.effective import Floats
from clustersim.scenario import Scenario
from clustersim.workload.parameters import count_parameters


def training_flops(scenario: Scenario) -> Callable[[ArrayLike], Floats]:
    """Training compute ``6 N D`` [FLOP] of tokens trained, N the parameters a token meets, D what the tokens are worth.

    Repeats, and a quality that the scenario applies to scores, make D more or less than what was trained.
    """
    per_token = 6.0 * count_parameters(scenario.model).active
    effective = worth_to_scores(scenario.corpus, scenario.training.tokens)
    if effective is None:
        return lambda tokens: per_token * np.asarray(tokens, np.float64)
    return lambda tokens: per_token * effective.median(tokens)


def trained_after(scenario: Scenario) -> Callable[[float | None], Trained]:
    """The plan's model after so many tokens; at its end for None."""
    active, flops, end = (
        float(count_parameters(scenario.model).active),
        training_flops(scenario),
        scenario.training.tokens,
    )

    def trained(tokens: float | None) -> Trained:
        at = end if tokens is None else tokens
        return Trained(active, at, float(flops(at)))

    return trained
