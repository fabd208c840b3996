from collections.abc import Callable
from pathlib import Path

import pytest

from clustersim import scenario as cs
from clustersim.hardware.fabric import fabric_of
from clustersim.scenario.left_open import taken_for
from clustersim.scenario.units import parse_quantity
from clustersim.step.predict import phase_steps

Load = Callable[..., cs.Loaded]
FABRIC = ("cluster", "fabric")


@pytest.mark.parametrize("network", ["infiniband", "roce", "efa", "efa-v1", "tcpxo", "slingshot", "omni-path"])
def test_what_is_shown_is_what_the_forecast_takes(load: Load, network: str) -> None:
    """To the three digits that are shown."""
    scenario = load(f"cluster.fabric.network={network}").scenario
    fabric = fabric_of(scenario.cluster)
    efficiency, latency = (taken_for(scenario, (*FABRIC, name)) for name in ("efficiency", "latency"))
    assert efficiency is not None
    assert latency is not None
    assert efficiency.source.startswith(f"{network}: ")
    share, _, word = efficiency.text.partition(", ")
    assert parse_quantity(share, "fraction") == pytest.approx(fabric.network_rates.ring, rel=5e-3)
    assert word == "calibrated"
    assert parse_quantity(latency.text.partition(",")[0], "time") == pytest.approx(fabric.scale_out.latency_s, rel=5e-3)


def test_the_network_is_that_of_the_node_when_left_open(load: Load) -> None:
    scenario = load("cluster.node=grand-teton-h100").scenario
    assert taken_for(scenario, (*FABRIC, "network")) == ("roce", "that of the node")
    assert taken_for(scenario, ("model", "mixture")) is None


@pytest.mark.parametrize(
    "settings",
    [(), ("cluster.fabric.efficiency=85 %", "cluster.fabric.latency=6 us"), ("cluster.fabric.network=efa",)],
)
def test_the_resolved_scenario_has_the_same_forecast(load: Load, tmp_path: Path, settings: tuple[str, ...]) -> None:
    loaded = load(*settings)
    file = tmp_path / "resolved.yaml"
    file.write_text(loaded.resolved_yaml(), "utf-8")
    again = cs.load(file)
    assert again.scenario == loaded.scenario
    assert phase_steps(again.scenario) == phase_steps(loaded.scenario)
