"""Words and colours of the report: what each key of the summary is called, and the order it is shown in."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A label, the colour class that stands for it in every figure, and a sentence that explains it."""

    label: str
    colour: str
    meaning: str = ""


# grouped by colour: training in blues, lost work in reds, recovery in ambers, planned stops in blue and green; hatching
# inside a group
STATES = {
    "productive": Word("productive", "blue", "steps that moved the run forward"),
    "slowed": Word("slow steps", "blue-hatch", "time by which steps took longer than they should: stragglers"),
    "recompute": Word("lost work, redone", "red", "steps done again after a failure, since the last checkpoint"),
    "rollback": Word("rollback", "red-hatch", "work thrown away because it was silently corrupted"),
    "detect": Word("detection", "amber-hatch", "from a failure to the decision to restart"),
    "restart": Word("restart", "amber", "scheduling, process start, collectives, loading, warm-up"),
    "waiting": Word("waiting", "purple", "no healthy node to go on with, or a person needed"),
    "checkpoint": Word("checkpoints", "sky", "training stands still while a checkpoint is taken"),
    "maintenance": Word("maintenance", "green", "planned stops"),
}

STEP_PARTS = {
    "compute_ffn": Word("feed-forward", "blue"),
    "compute_attention": Word("attention", "sky"),
    "compute_head": Word("output head", "blue-hatch"),
    "compute_other": Word("norms and rest", "blue-hatch"),
    "recompute": Word("recomputation", "red"),
    "bubble": Word("pipeline bubble", "grey"),
    "exposed_tp": Word("tensor-parallel traffic", "amber"),
    "exposed_cp": Word("context-parallel traffic", "amber"),
    "exposed_pp": Word("pipeline traffic", "amber"),
    "exposed_dp": Word("data-parallel traffic", "amber"),
    "exposed_ep": Word("expert-parallel traffic", "amber"),
    "exposed_offload": Word("traffic to host memory", "amber"),
    "optimizer": Word("optimizer", "purple"),
    "host": Word("host", "green"),
}

STEP_GROUPS = {
    "feed-forward": ("blue", ("compute_ffn",)),
    "attention": ("sky", ("compute_attention",)),
    "head, norms, rest": ("blue-hatch", ("compute_head", "compute_other")),
    "recomputation": ("red", ("recompute",)),
    "pipeline bubble": ("grey", ("bubble",)),
    "exposed traffic": (
        "amber",
        ("exposed_tp", "exposed_cp", "exposed_pp", "exposed_dp", "exposed_ep", "exposed_offload"),
    ),
    "optimizer": ("purple", ("optimizer",)),
    "host": ("green", ("host",)),
}

MEMORY_PARTS = {
    "weights": Word("weights", "blue"),
    "gradients": Word("gradients", "sky"),
    "optimizer": Word("optimizer", "purple"),
    "activations": Word("activations", "amber"),
    "logits": Word("logits", "green"),
    "workspace": Word("workspace", "grey"),
    "overhead": Word("overhead", "grey"),
}

RESTART_PARTS = {
    "schedule": Word("scheduler and containers", "blue"),
    "init": Word("process start", "sky"),
    "collectives": Word("collective set-up", "purple"),
    "load": Word("loading the checkpoint", "amber"),
    "warmup": Word("warm-up", "green"),
}

UNCERTAINTY = {
    "step_time": Word("how long a step takes", "blue", "the error of the step-time prediction"),
    "failure_rates": Word("how often things break", "amber-hatch", "what is not known of the failure rates"),
    "chance": Word("chance", "grey", "which failures happen to strike, and when"),
}

QUANTITIES = {
    "gpus": "GPUs",
    "gpu_time": "GPU-hours",
    "main_gpu_time": "GPU-hours of the main run",
    "wall_time": "wall time",
    "cost": "cost",
    "energy": "energy",
    "carbon": "carbon",
    "steps": "optimizer steps",
    "tokens": "tokens",
    "step_time": "step time",
    "model_flops_per_gpu": "model FLOP/s per GPU",
    "effective_training_time": "effective training time",
    "unexpected_interruptions": "unexpected interruptions",
    "planned_interruptions": "planned interruptions",
    "manual_interventions": "manual interventions",
    "mean_time_to_interruption": "mean time to interruption",
    "loss": "loss",
}

# mark, words, class: the mark and the words carry the meaning, the colour only repeats it
VERDICTS = {
    "inside": ("✓", "agrees", "good"),
    "too_low": ("▼", "too low", "bad"),
    "too_high": ("▲", "too high", "bad"),
    "inconsistent": ("✕", "contradicts", "bad"),
    "not_covered": ("○", "not covered", "open"),
}

_ACRONYMS = {
    "gpu": "GPU", "gpus": "GPUs", "nic": "NIC", "cpu": "CPU", "ssd": "SSD", "psu": "PSU", "nccl": "NCCL", "io": "IO",
    "hbm": "HBM", "hbm3": "HBM3", "sram": "SRAM", "nvlink": "NVLink", "sdc": "SDC", "ecc": "ECC", "pcie": "PCIe",
    "xid": "XID", "tp": "TP", "os": "OS", "ib": "IB", "ram": "RAM", "dns": "DNS",
}  # fmt: skip


def humanize(key: str) -> str:
    """A key as words: ``faulty_gpu`` becomes ``faulty GPU``."""
    return " ".join(_ACRONYMS.get(word.lower(), word) for word in key.replace("_", " ").split())


def label_of(words: dict[str, Word], key: str) -> str:
    """The label of a key; one that the report does not know is shown as its own words."""
    return words[key].label if key in words else humanize(key)


def colour_of(words: dict[str, Word], key: str) -> str:
    """The colour class of a key; grey for one that the report does not know."""
    return words[key].colour if key in words else "grey-hatch"


def in_order(words: dict[str, Word], keys: "list[str] | tuple[str, ...]") -> list[str]:
    """Keys in the order of the words, unknown ones last, by name."""
    return [key for key in words if key in keys] + sorted(key for key in keys if key not in words)
