"""The three printed layouts of Llama 3 405B: model FLOP/s per GPU."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from clustersim.calibration.cases import Case
from clustersim.calibration.score import NINTH_DECILE_OF_NORMAL
from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.step.predict import predict_step
from clustersim.study.scoreboard.table import at_line, read_cells

LLAMA = "Llama 3 405B layouts"

COLUMNS = ("id", "source", "n_gpus", "tp", "cp", "pp", "dp", "seq_len", "global_batch_seqs", "model_tflops_per_gpu")

VIRTUAL_STAGES = 8
"""One layer in each: the paper prints the schedule, not the number (arXiv 2407.21783, section 3.3.2)."""

_TERA = 1e12


def llama_cases(path: Path) -> Iterator[Case]:
    """Rows of Table 4 of the Llama 3 paper, with full attention counted, as PaLM does; the paper does not say.

    Raises
    ------
    TableError
        If the file is no such table.
    """
    for line, cells in read_cells(path, COLUMNS):
        with at_line(path, line):
            case = _case(cells)
        yield case


def _case(cells: Mapping[str, str]) -> Case:
    layout, length = llama_layout(cells), int(cells["seq_len"])
    machines = Cluster.model_validate({"node": "grand-teton-h100", "nodes": int(cells["n_gpus"]) // 8})
    model = Model.model_validate("llama3-405b")
    step = predict_step(model, layout, length, int(cells["global_batch_seqs"]), "bf16", machines)
    found, spread = step.model_flops_per_gpu_s / _TERA, math.exp(NINTH_DECILE_OF_NORMAL * step.prediction_sigma)
    context = f" CP{layout.context_parallel}" if layout.context_parallel > 1 else ""
    return Case(
        group=LLAMA,
        name=f"TP{layout.tensor_parallel}{context} PP{layout.pipeline_parallel} DP{layout.data_parallel}, "
        f"{length:,} tokens, {int(cells['n_gpus']):,} GPUs",
        expected=float(cells["model_tflops_per_gpu"]),
        found=found,
        unit="TFLOP/s per GPU",
        source=cells["source"],
        low=found / spread,
        high=found * spread,
        note="; ".join(step.extrapolations),
    )


def llama_layout(cells: Mapping[str, str]) -> Layout:
    """Layout of a row as printed: ZeRO 2, no recomputation, :data:`VIRTUAL_STAGES` chunks a stage."""
    return Layout(
        tensor_parallel=int(cells["tp"]),
        context_parallel=int(cells["cp"]),
        pipeline_parallel=int(cells["pp"]),
        virtual_pipeline=VIRTUAL_STAGES,
        data_parallel=int(cells["dp"]),
        zero_stage=2,
    )
