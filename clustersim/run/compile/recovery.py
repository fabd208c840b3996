"""Detection, restart, spares and repair."""

from datetime import datetime, timedelta

from clustersim.run.compile.laws import compile_law
from clustersim.run.plan import (
    DiagnosisPlan,
    InJobPlan,
    OnCallPlan,
    PartsPlan,
    RecoveryPlan,
    RestartPart,
    RetirementPlan,
    SparesPlan,
)
from clustersim.scenario.schema.recovery import OnCall, Recovery
from clustersim.scenario.schema.spares import Spares

RESTART_PARTS = ("schedule", "init", "collectives", "load", "warmup")
"""Parts of a restart in the order they happen; the names of the fields of the scenario's ``recovery.restart``."""


def compile_recovery(recovery: Recovery, gpus: int, start: datetime) -> RecoveryPlan:
    """Detection, and a restart at the size of the job."""
    parts = []
    for name in RESTART_PARTS:
        part = getattr(recovery.restart, name)
        parts.append(RestartPart(name, part.median * (gpus / part.at_gpus) ** part.growth))
    diagnosis, inside = recovery.diagnosis, recovery.in_job_restart
    return RecoveryPlan(
        crash=compile_law(recovery.detection.crash),
        hang_timeout_s=recovery.detection.hang_timeout,
        corruption=compile_law(recovery.detection.corruption),
        loss_spike=compile_law(recovery.detection.loss_spike),
        diagnosis=DiagnosisPlan(diagnosis.missed, diagnosis.false_blame, compile_law(diagnosis.relapse)),
        on_call=None if recovery.on_call is None else _on_call(recovery.on_call, start),
        in_job=None if inside is None else InJobPlan(inside.skips, inside.succeeds),
        queue=compile_law(recovery.queue),
        swap_slow_after_s=recovery.swap_slow_after,
        suspect_after=recovery.suspect_after,
        restart_parts=tuple(parts),
        restart_sigma=recovery.restart.spread,
        manual_fraction=recovery.manual_fraction,
        manual_delay=compile_law(recovery.manual_delay),
    )


def _on_call(hours: OnCall, start: datetime) -> OnCallPlan:
    monday = (start - timedelta(days=start.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return OnCallPlan(
        hours.begins,
        hours.ends,
        hours.weekends,
        compile_law(hours.off_hours),
        (start - monday).total_seconds(),
    )


def compile_spares(spares: Spares) -> SparesPlan:
    """Standby nodes and the repair shop."""
    parts, gone = spares.parts, spares.retirement
    return SparesPlan(
        hot=spares.hot,
        warm=spares.warm,
        cold=spares.cold,
        warm_swap=compile_law(spares.warm_swap),
        cold_swap=compile_law(spares.cold_swap),
        repair=compile_law(spares.repair),
        repair_hands=spares.repair_hands,
        failed_repairs=spares.failed_repairs,
        parts=None if parts is None else PartsPlan(parts.stock, compile_law(parts.lead_time)),
        retirement=(
            None if gone is None else RetirementPlan(gone.share, gone.after_repairs, compile_law(gone.lead_time))
        ),
    )
