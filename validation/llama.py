"""The three layouts of Llama 3 405B that its paper prints, against prediction."""

import csv
from dataclasses import dataclass

from clustersim.scenario.schema.hardware import Cluster
from clustersim.scenario.schema.model import Model
from clustersim.step.predict import predict_step
from clustersim.study.scoreboard.published.llama import llama_layout
from validation.predicted import PUBLISHED


@dataclass(frozen=True, slots=True)
class LlamaRow:
    """A layout, and its model FLOP/s per GPU: published, and predicted with full and with causal attention."""

    layout: str
    gpus: int
    published_flop_s: float
    full_flop_s: float
    causal_flop_s: float


def llama_rows() -> list[LlamaRow]:
    """Rows of Table 4 of the Llama 3 paper (arXiv 2407.21783, 2024).

    Layouts as printed, with one layer in each virtual stage (VPP 8), ZeRO 2 and no recomputation.
    """
    with (PUBLISHED / "llama3_405b.csv").open(encoding="utf-8", newline="") as file:
        return [_row(cells) for cells in csv.DictReader(file)]


def _row(cells: dict[str, str]) -> LlamaRow:
    tp, cp, pp, dp, gpus, length = (int(cells[name]) for name in ("tp", "cp", "pp", "dp", "n_gpus", "seq_len"))
    layout = llama_layout(cells)
    machines = Cluster.model_validate({"node": "grand-teton-h100", "nodes": gpus // 8})
    model = Model.model_validate("llama3-405b")
    step = predict_step(model, layout, length, int(cells["global_batch_seqs"]), "bf16", machines)
    name = f"TP{tp} {f'CP{cp} ' if cp > 1 else ''}PP{pp} DP{dp}, {length:,} tokens"
    published = float(cells["model_tflops_per_gpu"]) * 1e12
    return LlamaRow(name, gpus, published, step.model_flops_per_gpu_s, step.causal_model_flops_per_gpu_s)
