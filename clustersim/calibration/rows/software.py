"""What training software does when a source does not say: families of software, by name and year."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clustersim.calibration.rows.remarks import SOFTWARE_SIGMA, Remark
from clustersim.scenario.schema.training import Recompute
from clustersim.scenario.schema.training import Software as StackName

STACK_CLASSES: Mapping[str, StackName] = {
    "nemo": "megatron",
    "megatron-core": "megatron",
    "megatron-bridge": "megatron",
    "megatron-lm": "megatron",
    "mcore": "megatron",
    "megascale": "megatron",
    "transformer-engine": "megatron",
    "torchtitan": "pytorch",
    "meta-llama": "pytorch",
    "pytorch": "pytorch",
    "fsdp": "pytorch",
    "hf": "pytorch",
    "huggingface": "pytorch",
    "transformers": "pytorch",
    "accelerate": "pytorch",
    "lit-gpt": "pytorch",
    "litgpt": "pytorch",
    "tinyllama": "pytorch",
    "olmo": "pytorch",
    "composer": "composer",
    "llm-foundry": "composer",
    "maxtext": "xla",
    "paxml": "paxml",
    "pax": "paxml",
    "t5x": "xla",
    "jax": "xla",
    "levanter": "xla",
    "megatron-deepspeed": "megatron-deepspeed-2023",
    "megatron-deepspeed-2021": "megatron-deepspeed",
    "megatron-deepspeed-2022": "megatron-deepspeed",
    "gpt-neox": "megatron-deepspeed-2023",
    "deepspeed": "megatron-deepspeed-2023",
    "deepspeed-zero3": "deepspeed-zero3",
    "metaseq": "megatron-2021",
}
"""Software class by the beginning of a ``stack`` cell; the longest beginning that fits decides."""

_MEGATRON: StackName = "megatron"
_OLD_MEGATRON: StackName = "megatron-2021"

LAST_YEAR_OF_OLD_MEGATRON = 2022
"""Megatron-LM of 2020 to 2022 has no fused attention (FlashAttention came to it in 2023: Megatron-LM 23.04)."""

_RELEASE = re.compile(r"\b(2\d)\.(0[1-9]|1[0-2])\b")
_YEAR = re.compile(r"\b(20[12]\d)\b")


@dataclass(frozen=True, slots=True)
class Family:
    """Habits of a class of training software, used where a source does not say.

    Attributes
    ----------
    stack : str
        Software class of the calibration.
    recomputes : tuple of {"none", "selective", "full"}
        What its published runs recompute: the first of these that fits into memory.
    recompute_why, zero_why, sequence_parallel_why : str
        Where the habit comes from.
    zero_stage : int
        Sharding of the training state.
    sequence_parallel : bool
        Whether norms are split over the tensor-parallel group.
    by_layer : bool
        Whether it recomputes whole layers only as many as memory asks for, and offloads them on a superchip instead.
    """

    stack: StackName
    recomputes: tuple[Recompute, ...]
    recompute_why: str
    zero_stage: int
    zero_why: str
    sequence_parallel: bool
    sequence_parallel_why: str
    by_layer: bool = False


_ANY: tuple[Recompute, ...] = ("none", "selective", "full")
_LEAST = "least that fits"

FAMILIES: Mapping[StackName, Family] = {
    "megatron": Family(
        "megatron",
        _ANY,
        f"{_LEAST}; beyond selective, as few layers as NeMo's and Megatron-Bridge's recipes do",
        1,
        "distributed optimizer, default of NeMo and Megatron-Bridge recipes",
        True,
        "default of NeMo and Megatron-Bridge recipes with TP > 1",
        by_layer=True,
    ),
    "pytorch": Family(
        "pytorch",
        ("selective", "full"),
        f"{_LEAST}, at least selective as in the train configs of torchtitan",
        3,
        "FSDP, default of torchtitan",
        True,
        "default of torchtitan",
    ),
    "composer": Family(
        "composer", ("none", "full"), _LEAST, 3, "FSDP FULL_SHARD, default of LLM Foundry", True, "no TP"
    ),
    "xla": Family("xla", _ANY, _LEAST, 3, "fsdp axis, default of MaxText", True, "activations sharded with the mesh"),
    "paxml": Family(
        "paxml", _ANY, _LEAST, 3, "fsdp axis, default of MaxText", True, "activations sharded with the mesh"
    ),
    "megatron-2021": Family(
        "megatron-2021",
        ("full",),
        "every layer, as Megatron-LM of its time (Narayanan et al. 2021, section 3.5)",
        0,
        "no distributed optimizer before 2022",
        False,
        "not before Korthikanti et al. 2022",
    ),
    "megatron-deepspeed": Family(
        "megatron-deepspeed",
        ("none", "full"),
        f"{_LEAST}; all or nothing in Megatron-DeepSpeed",
        0,
        "stage 0 unless configured",
        False,
        "Megatron-DeepSpeed branched off before it",
    ),
    "megatron-deepspeed-2023": Family(
        "megatron-deepspeed-2023",
        ("none", "full"),
        f"{_LEAST}; all or nothing in Megatron-DeepSpeed",
        0,
        "stage 0 unless configured",
        False,
        "Megatron-DeepSpeed branched off before it",
    ),
    "deepspeed-zero3": Family(
        "deepspeed-zero3",
        ("full",),
        "every layer, as ZeRO-3 runs of its time (Narayanan et al. 2021, Table 2)",
        3,
        "its name",
        False,
        "not in DeepSpeed",
    ),
}
"""Habits by software class.

``recompute``. Authors tune the run they print, and the least that fits is the fastest.

* Megatron-LM to 2022 could not do without recomputing every layer (it kept score matrices), and its papers say so.
* The performance recipes of NeMo and Megatron-Bridge (``scripts/performance``, 2024 to 2026) recompute norms,
  activation functions and up-projections; where that is not enough a few whole layers (``recompute_num_layers``: 5 of
  32) or, on Grace superchips, they offload the activations of some (``cpu_offloading_num_layers``: 40 of 80 on GB200
  and 20 on GB300 for Llama 3 70B with sharded weights and two sequences; the rule here gives 42 and 17).
* torchtitan's train configs recompute selectively or in full. Where a fit row prints its memory but not its
  recomputation (Llama 3.1 8B on 32 and 64 H200: 47 to 48 GiB), ``selective`` needs 49 to 51 GiB and ``none`` 86 to 88.
* Megatron-DeepSpeed without a word recomputes nothing if that fits: of 1,440 runs on one A100 node (vTrain, MICRO 2024)
  the fit rows run 2,048-wide layers at 157 TFLOP/s without recomputation, half the peak; with it they would have run at
  210, which no unfused attention allows.
"""


@dataclass(frozen=True, slots=True)
class Software:
    """Family of a ``stack`` cell, and the remark that an unknown one deserves."""

    family: Family
    remark: Remark | None = None


def software_of(text: str, accelerator: str, zero_stage: int | None) -> Software:
    """Read a ``stack`` cell.

    Parameters
    ----------
    text : str
        The cell; may be empty.
    accelerator : str
        Catalogue name of the accelerator.
    zero_stage : int or None
        Stage as printed.

    Returns
    -------
    Software
        By the longest known beginning; Megatron with a year up to 2022 is the software before fused attention. Unknown
        software on a TPU is XLA; with ZeRO 2 or 3 PyTorch's FSDP; otherwise Megatron, each with a remark.
    """
    known = _known(plain_stack(text))
    if known is not None:
        return Software(FAMILIES[known])
    sharded: StackName = "pytorch" if (zero_stage or 0) >= 2 else "megatron"
    stand_in: StackName = "xla" if accelerator.startswith("tpu") else sharded
    said = f"software {text!r} is not known" if text else "the software is not said"
    return Software(FAMILIES[stand_in], Remark(f"{said}; {stand_in} stands in", SOFTWARE_SIGMA))


def plain_stack(text: str) -> str:
    """Name of software as it is compared: lower case, hyphens for spaces, without its vendor's name."""
    name = re.sub(r"[\s_]+", "-", text.strip().lower()).removeprefix("nvidia-")
    return re.sub(r"^(megatron|transformer|huggingface)(?=(?:bridge|core|lm|engine)\b)", r"\1-", name)


def _known(name: str) -> StackName | None:
    beginnings = [beginning for beginning in STACK_CLASSES if name.startswith(beginning)]
    if beginnings and max(beginnings, key=len) != "megatron-lm":
        return STACK_CLASSES[max(beginnings, key=len)]
    if not name.startswith(_MEGATRON):
        return None
    year = _YEAR.search(name)
    old = year is not None and int(year.group()) <= LAST_YEAR_OF_OLD_MEGATRON
    return _OLD_MEGATRON if old else _MEGATRON


def released(text: str) -> float | None:
    """Date of a software release as a year with its fraction; None when the cell does not tell one.

    Parameters
    ----------
    text : str
        A ``stack`` cell: NVIDIA's containers carry year and month (``nemo-24.11``: 2024.83), others a year
        (``torchtitan-2024``: its middle, 2024.5).
    """
    month = _RELEASE.search(text)
    if month is not None:
        return 2000.0 + int(month.group(1)) + (int(month.group(2)) - 1) / 12.0
    year = _YEAR.search(text)
    return int(year.group()) + 0.5 if year is not None else None
