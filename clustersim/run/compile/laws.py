"""Laws of durations as plain numbers."""

from clustersim.run.laws import Law
from clustersim.scenario.schema.law import Constant, DurationLaw, Exponential


def compile_law(law: DurationLaw) -> Law:
    """Law of a duration as plain numbers."""
    if isinstance(law, Constant):
        return Law("constant", law.value)
    if isinstance(law, Exponential):
        return Law("exponential", law.mean)
    return Law("lognormal", law.median, law.sigma)
