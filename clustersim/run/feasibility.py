"""What makes a run impossible beyond its step: checkpoints that overtake each other, phases of different size."""

from collections.abc import Iterator

from clustersim.run.compile import checkpoint_size_bytes, checkpoint_times_s
from clustersim.scenario.schema.scenario import Scenario

Problem = tuple[str, str]
"""Dotted path of the setting to change, and the message."""


def run_problems(scenario: Scenario) -> list[Problem]:
    """Everything that makes the months-long run impossible.

    Parameters
    ----------
    scenario : Scenario
        A plan that passed the schema.

    Returns
    -------
    list of (str, str)
        Dotted scenario path and message; empty for a possible plan.
    """
    return [*_checkpoint_problems(scenario), *_phase_problems(scenario)]


def _checkpoint_problems(scenario: Scenario) -> Iterator[Problem]:
    interval_s = scenario.checkpoint.interval
    size_bytes = checkpoint_size_bytes(scenario)
    _stall_s, write_s = checkpoint_times_s(scenario.checkpoint, size_bytes)
    if interval_s == "young-daly" or float(interval_s) >= write_s:
        return
    bandwidth = size_bytes / float(interval_s)
    message = (
        f"a checkpoint of {size_bytes / 1e12:.3g} TB takes {write_s:.0f} s to write, longer than the"
        f" {float(interval_s):.0f} s between two; use an interval of {write_s:.0f} s or more,"
        f" or a write_bandwidth of {bandwidth / 1e9:.3g} GB/s"
    )
    yield "checkpoint.interval", message


def _phase_problems(scenario: Scenario) -> Iterator[Problem]:
    gpus = scenario.training.layout.gpus
    for index, phase in enumerate(scenario.training.phases):
        if phase.layout is not None and phase.layout.gpus != gpus:
            message = (
                f"phase {phase.name!r} uses {phase.layout.gpus:,} GPUs, the job {gpus:,} (training.layout);"
                f" all phases run on the same GPUs: change data_parallel, or forecast the phases one by one"
            )
            yield f"training.phases[{index}].layout", message
