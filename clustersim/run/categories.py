"""What an incident may be: a failure, a planned stop, or something that the run itself brings."""

from clustersim.run.plan import RunPlan
from clustersim.run.records import BAD_CHECKPOINT, DATA_LOADING, PHASE_CHANGE, RESIZE, TIME_OF_DAY


def category_names(plan: RunPlan) -> tuple[str, ...]:
    """Names behind the categories of incidents."""
    return (*(c.name for c in plan.categories), *(entry.name for entry in plan.calendar), *_own(plan))


def own_code(plan: RunPlan, name: str) -> int:
    """Code of a category that the run itself brings; -1 when nothing in this plan can be of it."""
    own = _own(plan)
    return len(plan.categories) + len(plan.calendar) + own.index(name) if name in own else -1


def _own(plan: RunPlan) -> tuple[str, ...]:
    own = [PHASE_CHANGE]
    if plan.resizes:
        own.append(RESIZE)
    if plan.diurnal:
        own.append(TIME_OF_DAY)
    if any(tier.bad for tier in plan.checkpoint.tiers):
        own.append(BAD_CHECKPOINT)
    if plan.loading:
        own.append(DATA_LOADING)
    return tuple(own)
