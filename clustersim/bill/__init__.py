"""What a run costs: money, energy and carbon, and whether a plan's claims add up. It never touches the engine."""

from clustersim.bill.audit import ClaimResult, Key, audit, key_of
from clustersim.bill.bridge import BridgeRow, PhaseWork, gpu_hours_bridge
from clustersim.bill.consistency import contradictions
from clustersim.bill.cost import carbon_kg, electricity_usd, gpu_cost_usd, triangular_quantile
from clustersim.bill.energy import NodePower, job_energy_j, mean_power_w, site_energy_j, spare_energy_j
from clustersim.bill.facts import PlanFacts
from clustersim.bill.loss_outlook import LossOutlook

__all__ = [
    "BridgeRow",
    "ClaimResult",
    "Key",
    "LossOutlook",
    "NodePower",
    "PhaseWork",
    "PlanFacts",
    "audit",
    "carbon_kg",
    "contradictions",
    "electricity_usd",
    "gpu_cost_usd",
    "gpu_hours_bridge",
    "job_energy_j",
    "key_of",
    "mean_power_w",
    "site_energy_j",
    "spare_energy_j",
    "triangular_quantile",
]
