"""Every layout trains the same model: losses and gradient norms of one process, step by step."""

import statistics

import pytest

from tests.validation.gpt.jobs import ALL, LAYOUTS, MIXES
from tests.validation.gpt.launch import Runs

FLOAT32_NOISE = 2e-5
"""Sums in another order differ by some units in the last place (6e-8), and training lets them grow for 5 steps."""

BF16_NOISE = 4e-3
"""One rounding to bf16."""

SPREAD = [job.name for job in (*LAYOUTS[1:], *MIXES)]


def test_every_job_ends_well(runs: Runs) -> None:
    assert runs.codes == {job.name: [0] * job.world for job in ALL}


def test_the_reference_is_clipped_and_accumulates(runs: Runs) -> None:
    norms = runs.norms("one")
    assert len(norms) == 5
    assert min(norms) > 0.5  # the limit: every step of the comparison is clipped


@pytest.mark.parametrize("name", SPREAD)
def test_losses_and_norms_are_those_of_one_process(runs: Runs, name: str) -> None:
    assert runs.losses(name) == pytest.approx(runs.losses("one"), rel=FLOAT32_NOISE)
    assert runs.norms(name) == pytest.approx(runs.norms("one"), rel=10 * FLOAT32_NOISE)


@pytest.mark.parametrize("name", ["tied ddp+tp", "tied fsdp+pp", "tied tp+pp"])
def test_a_tied_head_stays_tied(runs: Runs, name: str) -> None:
    assert runs.losses(name) == pytest.approx(runs.losses("tied one"), rel=FLOAT32_NOISE)
    assert runs.norms(name) == pytest.approx(runs.norms("tied one"), rel=10 * FLOAT32_NOISE)
    assert abs(runs.losses("tied one")[-1] - runs.losses("one")[2]) > 1e-3


@pytest.mark.parametrize("name", ["bf16 fsdp", "bf16 tp+pp"])
def test_bf16_agrees_to_its_precision(runs: Runs, name: str) -> None:
    assert runs.losses(name) == pytest.approx(runs.losses("bf16 one"), rel=BF16_NOISE)
    assert runs.losses("bf16 one") != runs.losses("one")[:3]
    assert runs.losses("bf16 one") == pytest.approx(runs.losses("one")[:3], rel=BF16_NOISE)


@pytest.mark.parametrize("name", ["ddp", "tp", "1f1b", "fsdp+pp"])
def test_probes_do_not_depend_on_the_layout(runs: Runs, name: str) -> None:
    assert _probes(runs, name) == pytest.approx(_probes(runs, "one"), rel=FLOAT32_NOISE)


def _probes(runs: Runs, name: str) -> list[float]:
    probed = [event for event in runs.events(name) if event["event"] in ("evaluation", "copying")]
    assert [event["event"] for event in probed] == ["evaluation", "copying"]
    return [event.get("loss", event.get("accuracy")) for event in probed]


def test_parts_of_a_step(runs: Runs) -> None:
    parts = {"data_s", "clip_s", "optimizer_s", "loss_s"}
    for name, passes in (("ddp", {"forward_s", "backward_s"}), ("1f1b", {"forward_backward_s"})):
        shares = []
        for step in runs.steps(name):
            found = {key for key in step if key.endswith("_s")} - {"time_s", "step_s"}
            assert found == parts | passes
            shares.append(sum(step[part] for part in found) / step["step_s"])
        assert max(shares) <= 1.0
        assert statistics.median(shares) > 0.8  # the rest is what a busy machine did between the parts
