"""What a training job is asked to do: six tables of a TOML file."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """Shape of the transformer; ``kv_heads`` 0 means as many as ``heads``."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int = 0
    ffn_hidden: int
    vocab: int
    tied: bool = False
    rope_theta: float = 10_000.0
    """Base of the rotary angles (Su et al. 2021, arXiv 2104.09864, section 3.2.2; Llama 2)."""

    @property
    def head_width(self) -> int:
        """Width of one attention head."""
        return self.hidden // self.heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Batch, optimizer and schedule. Optimizer defaults are those of Llama 2 (2023, arXiv 2307.09288, section 2.2).

    ``epsilon`` is that of GPT-3 (2020, arXiv 2005.14165, appendix B): 1e-5, as Llama 2 prints it, damps the small
    gradients of a miniature model.
    """

    sequence_length: int
    micro_batch: int
    global_batch: int
    steps: int
    precision: str = "fp32"
    seed: int = 0
    learning_rate: float = 3e-4
    min_learning_rate_fraction: float = 0.1
    warmup_steps: int = 0
    schedule: str = "cosine"
    decay_steps: int = 0
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.95
    epsilon: float = 1e-8
    clip: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Processes: ``data`` x ``tensor`` x ``pipeline`` of them; ``threads`` each, 0 leaves torch's own number."""

    data: int = 1
    data_kind: str = "ddp"
    reshard_after_forward: bool = False
    tensor: int = 1
    pipeline: int = 1
    pipeline_schedule: str = "1f1b"
    threads: int = 0

    @property
    def world(self) -> int:
        """Processes in all."""
        return self.data * self.tensor * self.pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """Folder of packed shards; without one, synthetic tokens."""

    shards: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpointing:
    """When and how the state is saved.

    ``every_steps`` 0 is never; otherwise the run also saves what it ends with. An empty ``folder`` is ``checkpoints``
    in the output folder. The last ``keep`` are kept.
    """

    folder: str = ""
    every_steps: int = 0
    mode: str = "blocking"
    keep: int = 2
    resume: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """What is measured beside the step times; 0 is never.

    ``skip_steps`` first steps of an attempt are left out of the summary. ``evaluate_sequences`` 0 is the whole
    validation split.
    """

    skip_steps: int = 0
    collectives_every: int = 0
    trace_steps: int = 0
    evaluate_every: int = 0
    evaluate_sequences: int = 64
    copying_every: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class JobConfig:
    """The whole of it."""

    model: ModelShape
    train: Training
    parallel: Layout = field(default_factory=Layout)
    data: DataSource = field(default_factory=DataSource)
    checkpoint: Checkpointing = field(default_factory=Checkpointing)
    measure: Measuring = field(default_factory=Measuring)

    @property
    def accumulation(self) -> int:
        """Micro-batches per data-parallel replica and step."""
        return self.train.global_batch // (self.parallel.data * self.train.micro_batch)

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the six tables as plain values, for files."""
        return dataclasses.asdict(self)
