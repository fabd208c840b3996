"""Pipelines of equal stages: the simulated bubble against what is published of each schedule."""

from collections.abc import Iterator

from clustersim.calibration.cases import Case, exact_case
from clustersim.scenario.schema.training import ScheduleName
from clustersim.step.pipeline import Schedule, equal_bubble_s, even_work, simulate
from clustersim.workload.schedule import group_size

BUBBLES = "pipeline bubbles"

FORWARD_S, BACKWARD_S, WEIGHT_S = 1.0, 2.0, 1.0
"""Passes of a micro-batch through a whole stage [s]: the usual proportions, as DualPipe is drawn with."""

_SOURCES: dict[str, str] = {
    "gpipe": "Huang et al. (2019), arXiv 1811.06965, section 2.3: (p - 1)(F + B)",
    "1f1b": "Narayanan et al. (2021), arXiv 2104.04473, sections 2.2.1 and 2.2.2: (p - 1)(F + B) / v",
    "zero-bubble": "Qi et al. (2024), arXiv 2401.10241, table 2, ZB-H1: (p - 1)(F + B - W)",
    "dualpipe": "DeepSeek-AI (2024), arXiv 2412.19437, table 2: (p/2 - 1)(F&B + B - 3 W)",
}

SIZES: tuple[tuple[ScheduleName, int, int, int], ...] = (
    ("gpipe", 4, 8, 1),
    ("gpipe", 16, 64, 1),
    ("1f1b", 4, 8, 1),
    ("1f1b", 8, 256, 1),
    ("1f1b", 16, 16, 1),
    ("1f1b", 4, 8, 2),
    ("1f1b", 8, 64, 4),
    ("1f1b", 16, 128, 8),
    ("zero-bubble", 4, 8, 1),
    ("zero-bubble", 8, 64, 1),
    ("dualpipe", 8, 20, 2),
    ("dualpipe", 16, 64, 2),
)
"""Schedules with their stages, micro-batches and chunks a rank."""


def bubble_cases() -> Iterator[Case]:
    """Idle time of a rank in the simulation of each schedule, against its closed form."""
    for name, stages, micro_batches, chunks in SIZES:
        interleaved = name == "1f1b" and chunks > 1
        schedule = Schedule(
            name, stages, chunks, micro_batches, group_size(stages, micro_batches) if interleaved else 1
        )
        # DualPipe puts two whole stages on a rank; interleaving cuts one stage into chunks.
        parts = chunks if interleaved else 1
        forward_s, backward_s, weight_s = FORWARD_S / parts, BACKWARD_S / parts, WEIGHT_S / parts
        split_s = weight_s if name in ("zero-bubble", "dualpipe") else 0.0
        run = simulate(schedule, even_work(forward_s, backward_s, stages, chunks, weight_s=split_s or None))
        said = f"interleaved 1F1B, {chunks} chunks" if interleaved else _WORDS[name]
        yield exact_case(
            group=BUBBLES,
            name=f"{said}, {stages} stages, {micro_batches} micro-batches",
            expected=equal_bubble_s(schedule, forward_s, backward_s, split_s),
            found=run.bubble_s,
            unit="s",
            source=_SOURCES[name],
        )


_WORDS = {"gpipe": "GPipe", "1f1b": "1F1B", "zero-bubble": "ZB-H1", "dualpipe": "DualPipe"}
