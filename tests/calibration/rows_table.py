"""A row of published step times to change, and files made of such rows."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

ROW: Mapping[str, str] = {
    "id": "GOLD-1", "split": "test", "source": "a paper", "model": "Llama 3 8B", "n_layers": "32", "hidden": "4096",
    "n_heads": "32", "n_kv_heads": "8", "head_dim": "128", "ffn_hidden": "14336", "gated": "1", "vocab": "128256",
    "attention": "gqa", "n_experts": "", "experts_per_token": "", "expert_ffn": "", "n_shared_experts": "",
    "n_dense_layers": "", "moe_every": "", "seq_len": "8192", "gpu": "h100-sxm", "gpus_per_node": "8",
    "fabric": "8x400g", "precision": "bf16", "stack": "nemo-25.04", "n_gpus": "64", "tp": "1", "pp": "1", "vpp": "",
    "cp": "2", "ep": "", "dp": "32", "zero_stage": "1", "global_batch_seqs": "256", "micro_batch": "1",
    "recompute": "none", "sequence_parallel": "yes", "step_time_s": "3.1", "step_time_basis": "printed",
    "tokens_per_s_per_gpu": "", "model_tflops_per_gpu": "", "mfu_pct": "", "hfu_pct": "", "mem_gb_per_gpu": "",
    "filled": "", "missing": "", "notes": "",
}  # fmt: skip


def row(**changes: str) -> dict[str, str]:
    """The golden row with some cells changed."""
    return {**ROW, **changes}


def write_rows(path: Path, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as CSV; the columns are those of the first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path
