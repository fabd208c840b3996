"""Published step times as the predictor's inputs."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from clustersim.scenario.schema.hardware import Cluster, Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout
from clustersim.workload.layout import layout_problems
from clustersim.workload.memory import memory_per_gpu

STACK_CLASSES: Mapping[str, str] = {
    "nemo": "megatron",
    "megatron-core": "megatron",
    "megatron-bridge": "megatron",
    "torchtitan": "pytorch",
    "meta-llama3": "pytorch",
    "composer-fsdp": "composer",
    "maxtext": "xla",
    "paxml": "xla",
    "megatron-20": "megatron-2021",
    "megatron-deepspeed": "megatron-deepspeed",
    "deepspeed-zero3": "deepspeed-zero3",
}
"""Software class by the beginning of a ``stack`` cell."""

_FABRICS: Mapping[str, tuple[int, float]] = {
    "8x400g": (8, 50e9),
    "8x400g-roce": (8, 50e9),
    "8x200g-roce": (8, 25e9),
    "8x200g-ib": (8, 25e9),
    "4x100g-opa": (4, 12.5e9),
    "nvl72+400g": (72, 50e9),
}
"""Interfaces per node and bandwidth of one [bytes/s] by ``fabric`` cell."""

_PRECISIONS: Mapping[str, Precision] = {"mxfp8": "fp8", "nvfp4": "fp4"}

_DEEPSEEK_V3_ATTENTION: Mapping[str, int] = {
    "q_lora_rank": 1536,
    "kv_lora_rank": 512,
    "rope_head_dim": 64,
    "nope_head_dim": 128,
    "value_head_dim": 128,
}
"""Latent attention of every ``mla`` row (DeepSeek-V3, arXiv 2412.19437, section 4.2); the columns do not hold it."""

_ALWAYS_RECOMPUTED = frozenset({"megatron-2021", "megatron-deepspeed", "deepspeed-zero3"})
"""Stacks whose published runs recompute every layer unless they say otherwise (Narayanan et al. 2021, section 3.5), and
know neither sequence parallelism nor, on their own, a sharded optimizer."""

_TRIED_MICRO_BATCHES = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class PublishedStep:
    """One published step time.

    Attributes
    ----------
    id, source : str
        Where it stands.
    split : {"fit", "test"}
        A ``test`` row is never fitted.
    gpu : str
        GPU as the source names it.
    stack : str
        Software class.
    layouts : tuple of Layout
        The layout; several where the source does not say the micro-batch and its authors took the best.
    step_time_s : float
        Published time of one step [s].
    """

    id: str
    source: str
    split: Literal["fit", "test"]
    gpu: str
    stack: str
    model_name: str
    model: Model
    layouts: tuple[Layout, ...]
    sequence_length: int
    global_batch: int
    precision: Precision
    cluster: Cluster
    step_time_s: float


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that cannot be used, and why."""

    id: str
    reason: str


def read_rows(path: Path) -> tuple[list[PublishedStep], list[Skipped]]:
    """Read the complete rows of a table of published step times.

    Parameters
    ----------
    path : Path
        CSV with the columns of the published-throughput table: shape, layout, batch, ``gpu``, ``precision``,
        ``fabric``, ``stack``, ``split``, ``step_time_s``; a row with anything in ``missing`` is passed over in silence.

    Returns
    -------
    rows : list of PublishedStep
        In the order of the file.
    skipped : list of Skipped
        Complete rows that the schema cannot express, with the reason.
    """
    rows: list[PublishedStep] = []
    skipped: list[Skipped] = []
    with path.open(encoding="utf-8", newline="") as lines:
        for cells in csv.DictReader(lines):
            if cells.get("missing"):
                continue
            try:
                rows.append(published_step(cells))
            except (ValidationError, ValueError, KeyError) as error:
                skipped.append(Skipped(cells["id"], str(error).splitlines()[0]))
    return rows, skipped


def published_step(cells: Mapping[str, str]) -> PublishedStep:
    """Turn the cells of one row into the predictor's inputs.

    Raises
    ------
    ValueError
        If the row is impossible or names something unknown.
    """
    model, sequence_length = _model(cells), int(cells["seq_len"])
    precision = _PRECISIONS.get(cells["precision"]) or _plain_precision(cells["precision"])
    cluster = _cluster(cells)
    layouts = tuple(_layouts(cells, model, sequence_length, precision, cluster))
    if not layouts:
        msg = "no micro-batch divides the batch"
        raise ValueError(msg)
    return PublishedStep(
        id=cells["id"],
        source=cells["source"],
        split="test" if cells["split"] == "test" else "fit",
        gpu=cells["gpu"],
        stack=_stack(cells["stack"]),
        model_name=cells["model"],
        model=model,
        layouts=layouts,
        sequence_length=sequence_length,
        global_batch=int(cells["global_batch_seqs"]),
        precision=precision,
        cluster=cluster,
        step_time_s=float(cells["step_time_s"]),
    )


def _plain_precision(text: str) -> Precision:
    for known in ("bf16", "fp16", "fp8"):
        if text == known:
            return known
    msg = f"unknown precision {text!r}"
    raise ValueError(msg)


def _stack(text: str) -> str:
    matches = [beginning for beginning in STACK_CLASSES if text.startswith(beginning)]
    if not matches:
        msg = f"unknown stack {text!r}"
        raise ValueError(msg)
    return STACK_CLASSES[max(matches, key=len)]


def _model(cells: Mapping[str, str]) -> Model:
    """Shape of a row. Sliding windows (gpt-oss) count as full attention: 6 % of the FLOPs of its rows at most."""
    gated = cells["gated"] == "1"
    return Model.model_validate(
        {
            "layers": int(cells["n_layers"]),
            "hidden": int(cells["hidden"]),
            "heads": int(cells["n_heads"]),
            "kv_heads": int(cells["n_kv_heads"] or cells["n_heads"]),
            "head_dim": int(cells["head_dim"]) if cells["head_dim"] else None,
            "ffn_hidden": int(cells["ffn_hidden"] or cells["expert_ffn"]),
            "gated": gated,
            "vocabulary": int(cells["vocab"]),
            "tied_embeddings": not gated,
            "position": "rotary" if gated else "alibi",
            "mixture": _mixture(cells),
            "latent_attention": _DEEPSEEK_V3_ATTENTION if cells["attention"] == "mla" else None,
        }
    )


def _mixture(cells: Mapping[str, str]) -> dict[str, Any] | None:
    if not cells["n_experts"]:
        return None
    return {
        "experts": int(cells["n_experts"]),
        "experts_per_token": int(cells["experts_per_token"]),
        "expert_ffn_hidden": int(cells["expert_ffn"] or cells["ffn_hidden"]),
        "shared_experts": int(cells["n_shared_experts"] or 0),
        "dense_layers": int(cells["n_dense_layers"] or 0),
        "layer_period": int(cells["moe_every"] or 1),
    }


def _cluster(cells: Mapping[str, str]) -> Cluster:
    nics, bandwidth_bytes_s = _FABRICS[cells["fabric"]]
    gpus = int(cells["gpus_per_node"])
    return Cluster.model_validate(
        {
            "node": {
                "accelerator": cells["gpu"],
                "gpus": gpus,
                "nics": nics,
                "nic_bandwidth": f"{bandwidth_bytes_s:g} B/s",
                # Power plays no part in a step time.
                "training_power": "1 kW",
                "idle_power": "1 kW",
            },
            "nodes": -(-int(cells["n_gpus"]) // gpus),
        }
    )


def _layouts(
    cells: Mapping[str, str], model: Model, sequence_length: int, precision: Precision, cluster: Cluster
) -> Iterator[Layout]:
    tried = (int(cells["micro_batch"]),) if cells["micro_batch"] else _TRIED_MICRO_BATCHES
    for micro_batch in tried:
        layout = _layout(cells, micro_batch)
        problems = layout_problems(model, layout, int(cells["global_batch_seqs"]), cluster.node.gpus, sequence_length)
        if any(problem.field == "global_batch" for problem in problems):
            continue
        said = cells["recompute"] or _stack(cells["stack"]) in _ALWAYS_RECOMPUTED
        yield layout if said else _least_recompute(layout, model, sequence_length, precision, cluster)


def _layout(cells: Mapping[str, str], micro_batch: int) -> Layout:
    tensor, context, pipeline = (int(cells[name] or 1) for name in ("tp", "cp", "pp"))
    old = _stack(cells["stack"]) in _ALWAYS_RECOMPUTED
    layout = {
        "tensor_parallel": tensor,
        "context_parallel": context,
        "pipeline_parallel": pipeline,
        "virtual_pipeline": int(cells["vpp"] or 1),
        "data_parallel": int(cells["n_gpus"]) // (tensor * context * pipeline),
        "expert_parallel": int(cells["ep"] or 1),
        "zero_stage": int(cells["zero_stage"] or (0 if old else 1)),
        "micro_batch": micro_batch,
        "recompute": cells["recompute"] or ("full" if old else "none"),
        "sequence_parallel": {"yes": True, "no": False}.get(cells["sequence_parallel"], not old),
    }
    return Layout.model_validate(layout)


def _least_recompute(
    layout: Layout, model: Model, sequence_length: int, precision: Precision, cluster: Cluster
) -> Layout:
    """The setting a source that does not say must have used: the least that fits into memory."""
    chosen = layout
    for recompute in ("none", "selective", "full"):
        chosen = layout.model_copy(update={"recompute": recompute})
        memory = memory_per_gpu(model, chosen, sequence_length, precision)
        if memory.total_bytes <= cluster.node.accelerator.memory:
            break
    return chosen
