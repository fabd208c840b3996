"""Working hours: whether somebody is there to help."""

from clustersim.run.failures.ageing import DAY_S
from clustersim.run.laws import Law
from clustersim.run.plan import OnCallPlan, RecoveryPlan

WORKING_DAYS = 5


def in_hours(plan: OnCallPlan, t_s: float) -> bool:
    """Whether a moment of the run [s] lies in the working hours."""
    day, time_s = divmod(plan.start_s + t_s, DAY_S)
    return (plan.weekends or day % 7 < WORKING_DAYS) and plan.begins_s <= time_s < plan.ends_s


def manual_delay(recovery: RecoveryPlan, t_s: float) -> Law:
    """How long a person takes who is called at a moment of the run [s]."""
    hours = recovery.on_call
    return recovery.manual_delay if hours is None or in_hours(hours, t_s) else hours.off_hours
