"""Settings of checkpoints that go together."""

from pathlib import Path

import pytest

import clustersim as cs

SCENARIOS = Path(__file__).parents[3] / "scenarios"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["checkpoint.expected_mtbf=3 h"], "goes with 'interval: adaptive': leave it out, or write that"),
        (["checkpoint.memory=3"], "goes with 'interval: adaptive': leave it out, or write that"),
        (["checkpoint.every=2"], "no tier has every checkpoint: some would be taken for nothing. Set one 'every' to 1"),
        (
            ["checkpoint.failed=60 %", "checkpoint.corrupt=40 %"],
            "60% of the writes fail and 40% cannot be read, so that",
        ),
        (
            ["checkpoint.tiers=[{name: store, survives: node, load: 1 s}]"],
            "is the name of another tier: choose one of its own",
        ),
        (["checkpoint.tiers=[{name: a, survives: nodes, load: 1 s}]"], "did you mean 'node'?"),
        (["checkpoint.interval=adaptve"], "young-daly"),
    ],
)
def test_what_does_not_go_together(settings: list[str], message: str) -> None:
    with pytest.raises(cs.ScenarioError) as caught:
        cs.load(SCENARIOS / "quickstart.yaml", settings)
    assert message in str(caught.value)


def test_a_blocking_checkpoint_has_no_tiers() -> None:
    settings = ["checkpoint={kind: blocking, write_bandwidth: 20 GB/s, tiers: []}"]
    with pytest.raises(cs.ScenarioError, match="unknown key"):
        cs.load(SCENARIOS / "quickstart.yaml", settings)
