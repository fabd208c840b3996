"""Detection, restart, spares and repair."""

from clustersim.run.compile.laws import compile_law
from clustersim.run.plan import RecoveryPlan, RestartPart, SparesPlan
from clustersim.scenario.schema.recovery import Recovery, Spares

RESTART_PARTS = ("schedule", "init", "collectives", "load", "warmup")
"""Parts of a restart in the order they happen; the names of the fields of the scenario's ``recovery.restart``."""


def compile_recovery(recovery: Recovery, gpus: int) -> RecoveryPlan:
    """Detection, and a restart at the size of the job."""
    parts = []
    for name in RESTART_PARTS:
        part = getattr(recovery.restart, name)
        parts.append(RestartPart(name, part.median * (gpus / part.at_gpus) ** part.growth))
    return RecoveryPlan(
        crash=compile_law(recovery.detection.crash),
        hang_timeout_s=recovery.detection.hang_timeout,
        corruption=compile_law(recovery.detection.corruption),
        loss_spike=compile_law(recovery.detection.loss_spike),
        restart_parts=tuple(parts),
        restart_sigma=recovery.restart.spread,
        manual_fraction=recovery.manual_fraction,
        manual_delay=compile_law(recovery.manual_delay),
    )


def compile_spares(spares: Spares) -> SparesPlan:
    """Standby nodes and the repair shop."""
    return SparesPlan(
        hot=spares.hot,
        warm=spares.warm,
        cold=spares.cold,
        warm_swap=compile_law(spares.warm_swap),
        cold_swap=compile_law(spares.cold_swap),
        repair=compile_law(spares.repair),
        repair_hands=spares.repair_hands,
    )
