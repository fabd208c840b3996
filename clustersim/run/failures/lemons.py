"""Lemons: nodes that fail far more often than others, by the kinds of failure that strike one node."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from clustersim.run.failures.ageing import AgeingPlan
from clustersim.run.failures.clocks import Failure, mixed_failures
from clustersim.run.plan import CategoryPlan, LemonsPlan


class LemonFailure(NamedTuple):
    """A failure of a lemon, beyond those that it has as any node."""

    node: int
    category: int
    failure: Failure


def lemons(plan: LemonsPlan, nodes: int, generator: np.random.Generator) -> list[int]:
    """Draw which of so many nodes are lemons: each by itself, so that more nodes leave the others as they are."""
    return np.flatnonzero(generator.random(nodes) < plan.fraction).tolist()


def lemon_failures(
    plan: LemonsPlan,
    nodes: Sequence[int],
    categories: Sequence[CategoryPlan],
    generator: np.random.Generator,
    ageing: AgeingPlan,
) -> Iterator[LemonFailure]:
    """Endless failures that these nodes have because they are lemons, in time order.

    They are memoryless and come on top of those of any node: at ``factor - 1`` times the rate of all categories whose
    units sit in one node and take down that node alone, each with its share.

    Parameters
    ----------
    plan : LemonsPlan
        How bad lemons are.
    nodes : sequence of int
        The lemons.
    categories : sequence of CategoryPlan
        All categories of the plan.
    generator : numpy.random.Generator
        Their stream.
    ageing : AgeingPlan
        What changes the rates in the course of the run.
    """
    extra = plan.factor - 1.0
    per_node_s = [extra * c.rate_per_unit_s * c.units_per_domain if c.strikes_one_node else 0.0 for c in categories]
    for category, failure in mixed_failures(per_node_s, len(nodes), generator, ageing):
        yield LemonFailure(nodes[failure.unit], category, failure)
