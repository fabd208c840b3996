"""The published time of a step: printed, or worked out from printed throughput by a stated rule."""

import re
from dataclasses import dataclass
from typing import Literal

from clustersim.calibration.rows.cells import Assumption, Cells
from clustersim.calibration.rows.software import plain_stack
from clustersim.scenario.schema.hardware import Accelerator
from clustersim.scenario.schema.model import Model
from clustersim.step.efficiency import peak_of
from clustersim.workload.flops import model_flops_per_token

Convention = Literal["full", "causal"]

_CONVENTIONS: tuple[tuple[str, Convention, str], ...] = (
    ("megatron-bridge", "causal", "Megatron-Bridge halves attention"),
    ("megatron-20", "full", "Megatron-LM's formula (Narayanan et al. 2021, eq. 3) counts full attention"),
    ("composer", "full", "LLM Foundry's formula counts full attention"),
    ("paxml", "full", "the recipe's formula counts full attention"),
)
"""FLOP convention of a stack's printed TFLOP/s and MFU, by the beginning of its name: the table of the notes beside the
data. NeMo's differs between its documents and torchtitan's is not printed, so neither is here."""

_NOTED: tuple[tuple[re.Pattern[str], Convention], ...] = (
    (re.compile(r"non-causal|full attention|no causal halving", re.IGNORECASE), "full"),
    (re.compile(r"causally|halved|causal attention flops", re.IGNORECASE), "causal"),
)
_UNSURE = re.compile(r"some older|not stated|under both|hardware flops", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PublishedTime:
    """Time of a step [s], NaN when nothing printed gives one, and how it was worked out."""

    seconds: float
    assumed: tuple[Assumption, ...] = ()


def published_time(cells: Cells, model: Model, accelerator: Accelerator, tokens: int, gpus: int) -> PublishedTime:
    """Time of a step that a source publishes.

    Parameters
    ----------
    cells : Cells
        The row.
    model, accelerator
        For the FLOPs of a token and the peak an MFU refers to.
    tokens : int
        Tokens per step, over all replicas.
    gpus : int
        GPUs of the job.

    Returns
    -------
    PublishedTime
        ``step_time_s`` as it stands; else from tokens per second and GPU; else from model TFLOP/s per GPU, or MFU of
        16-bit peak, where the notes of the row or the software's formula say whether attention is counted in full.
        NaN otherwise: a number whose convention is unknown is no time.
    """
    printed, rate = cells.number("step_time_s"), cells.number("tokens_per_s_per_gpu")
    if printed is not None:
        return PublishedTime(printed)
    if rate is not None:
        rule = "tokens of a step over printed tokens/s"
        return PublishedTime(
            tokens / (rate * gpus), (Assumption("step_time_s", rule, f"{tokens / (rate * gpus):.4g}"),)
        )
    convention, why = _convention(cells)
    flop_s = _model_flop_s(cells, accelerator)
    if convention is None or flop_s is None:
        return PublishedTime(float("nan"))
    seconds = model_flops_per_token(model, cells.whole("seq_len") or 1, convention) * tokens / (flop_s * gpus)
    return PublishedTime(seconds, (Assumption("step_time_s", f"printed FLOP/s; {why}", f"{seconds:.4g}"),))


def _model_flop_s(cells: Cells, accelerator: Accelerator) -> float | None:
    """Model FLOP/s of one GPU."""
    printed, mfu = cells.number("model_tflops_per_gpu"), cells.number("mfu_pct")
    if printed is not None:
        return printed * 1e12
    if mfu is None or cells.text("precision").lower() not in ("bf16", "fp16"):
        return None
    return mfu / 100.0 * peak_of(accelerator, "bf16")


def _convention(cells: Cells) -> tuple[Convention | None, str]:
    notes = cells.text("notes")
    if _UNSURE.search(notes):
        return None, ""
    for pattern, convention in _NOTED:
        if pattern.search(notes):
            return convention, "attention as its notes say"
    for beginning, convention, why in _CONVENTIONS:
        if plain_stack(cells.text("stack")).startswith(beginning):
            return convention, why
    return None, ""
