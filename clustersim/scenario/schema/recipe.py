"""How a run keeps its loss from diverging, by what became of published runs that did it alike."""

from clustersim.scenario.schema.catalogued import Catalogued
from clustersim.scenario.schema.model import Count
from clustersim.scenario.schema.section import setting
from clustersim.scenario.units import Fraction


class Recipe(Catalogued, table="recipes"):
    """How stable the training is: loss spikes that need a rewind, and the chance to diverge at the start."""

    spikes_per_trillion_tokens: float = setting(
        ge=0.0, description="loss spikes after which the run goes back, in a trillion tokens, in the mean over runs"
    )
    spike_shape: float = setting(
        gt=0.0,
        description="shape of the gamma distribution of that rate from run to run: the smaller, the less runs are"
        " alike; the spread is drawn where study.parameter_uncertainty is on",
    )
    rewind: Count = setting(
        100,
        description="steps before the spike to which the weights go back at least",
        source="PaLM (arXiv 2204.02311, 2022), section 5.1: a checkpoint roughly 100 steps before the spike",
    )
    skip: Count = setting(
        350,
        description="batches of data left out after it",
        source="PaLM (arXiv 2204.02311, 2022), section 5.1: roughly 200 to 500 batches",
    )
    divergence: Fraction = setting(
        description="chance that a run with a usual warm-up and peak learning rate diverges and is started again"
    )
    divergence_runs: float = setting(
        gt=0.0, description="runs that this chance is as sure as: it is drawn from a beta distribution of their weight"
    )
