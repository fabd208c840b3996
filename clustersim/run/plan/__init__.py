"""What the engine runs: plain numbers in SI units, small enough to send to a worker process."""

from clustersim.run.plan.calendar import DatedPlan, DiurnalPlan, MaintenancePlan, PreemptionPlan, RolloutPlan
from clustersim.run.plan.checkpoints import AdaptivePlan, CheckpointPlan, StoragePlan, TenantPlan, TierPlan
from clustersim.run.plan.failures import CategoryPlan, Effect, IncidentPlan, LemonsPlan
from clustersim.run.plan.loading import LoadingPlan, PassPlan, StallsPlan
from clustersim.run.plan.phases import PhasePlan, ResizePlan, ideal_s
from clustersim.run.plan.recovery import (
    LOAD,
    DiagnosisPlan,
    ElasticPlan,
    InJobPlan,
    OnCallPlan,
    PartsPlan,
    PlacementPlan,
    RecoveryPlan,
    RestartPart,
    RetirementPlan,
    SparesPlan,
)
from clustersim.run.plan.run import RunPlan, SizePlan

__all__ = [
    "LOAD",
    "AdaptivePlan",
    "CategoryPlan",
    "CheckpointPlan",
    "DatedPlan",
    "DiagnosisPlan",
    "DiurnalPlan",
    "Effect",
    "ElasticPlan",
    "InJobPlan",
    "IncidentPlan",
    "LemonsPlan",
    "LoadingPlan",
    "MaintenancePlan",
    "OnCallPlan",
    "PartsPlan",
    "PassPlan",
    "PhasePlan",
    "PlacementPlan",
    "PreemptionPlan",
    "RecoveryPlan",
    "ResizePlan",
    "RestartPart",
    "RetirementPlan",
    "RolloutPlan",
    "RunPlan",
    "SizePlan",
    "SparesPlan",
    "StallsPlan",
    "StoragePlan",
    "TenantPlan",
    "TierPlan",
    "ideal_s",
]
