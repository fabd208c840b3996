"""The bill of each replication."""

from dataclasses import dataclass
from typing import Any

from clustersim.bill import (
    NodePower,
    carbon_kg,
    electricity_usd,
    gpu_cost_usd,
    job_energy_j,
    mean_power_w,
    site_energy_j,
    spare_energy_j,
    triangular_quantile,
)
from clustersim.run.plan import RunPlan
from clustersim.run.streams import stream
from clustersim.scenario import Scenario
from clustersim.scenario.schema.bill import Bill
from clustersim.study.ensemble import Ensemble
from clustersim.study.replication import Replication
from clustersim.study.statistics import summarise

_J_PER_MWH = 3.6e9
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Bills:
    """One value per replication."""

    price_usd_per_hour: list[float]
    cost_usd: list[float]
    energy_mwh: list[float]
    carbon_tonnes: list[float]
    power_mw: list[float]
    electricity_usd: list[float]

    def section(self) -> dict[str, Any]:
        """The summary's section on the bill."""
        return {
            "gpu_price_usd_per_hour": summarise(self.price_usd_per_hour),
            "cost_usd": summarise(self.cost_usd),
            "energy_mwh": summarise(self.energy_mwh),
            "carbon_tonnes": summarise(self.carbon_tonnes),
            "mean_power_mw": summarise(self.power_mw),
            "electricity_usd": summarise(self.electricity_usd),
        }


def run_bills(scenario: Scenario, ensemble: Ensemble) -> Bills:
    """Money, energy and carbon of every replication; the price is drawn anew in each."""
    site = scenario.bill.site
    prices = [_price_usd_per_gpu_s(scenario, ensemble, run) for run in ensemble.replications]
    energies_j = [_energy_j(scenario, ensemble, run) for run in ensemble.replications]
    runs = ensemble.replications
    return Bills(
        price_usd_per_hour=[price * _HOUR_S for price in prices],
        cost_usd=[
            gpu_cost_usd(reserved_gpu_s(scenario.bill, ensemble.plan, run), price)
            for run, price in zip(runs, prices, strict=True)
        ],
        energy_mwh=[energy / _J_PER_MWH for energy in energies_j],
        carbon_tonnes=[carbon_kg(energy, site.carbon_intensity) / 1000.0 for energy in energies_j],
        power_mw=[mean_power_w(energy, run.wall_s) / 1e6 for energy, run in zip(energies_j, runs, strict=True)],
        electricity_usd=[electricity_usd(energy, site.energy_price) for energy in energies_j],
    )


def reserved_gpu_s(bill: Bill, plan: RunPlan, run: Replication) -> float:
    """GPU-seconds that are paid for: of the job, its spares and, if the bill says so, the nodes that it gave up."""
    not_paid_s = 0.0 if bill.given_up_nodes == "paid" else run.wall_s - run.full_size.total_s
    return (run.wall_s * plan.nodes - not_paid_s * plan.job_nodes) * plan.gpus_per_node


def _price_usd_per_gpu_s(scenario: Scenario, ensemble: Ensemble, run: Replication) -> float:
    price = scenario.bill.gpu_price
    if not scenario.study.parameter_uncertainty:
        return price.mode
    uniform = float(stream(ensemble.seed, run.number, "gpu price").random())
    return triangular_quantile(uniform, price.low, price.mode, price.high)


def _energy_j(scenario: Scenario, ensemble: Ensemble, run: Replication) -> float:
    node, plan = scenario.cluster.node, ensemble.plan
    power = NodePower(node.training_power, node.idle_power)
    nodes_j = job_energy_j(run.full_size.by_state_s, plan.job_nodes, power)
    nodes_j += spare_energy_j(run.wall_s, plan.spares.total, power)
    return site_energy_j(nodes_j, scenario.bill.site.pue)
