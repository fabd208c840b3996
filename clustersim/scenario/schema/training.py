"""What is trained and how: parallel layout, precision and the phases of the run."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from clustersim.scenario.schema.hardware import Precision
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.optimizer import Optimizer
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Duration, Timestamp, Tokens

Recompute = Literal["none", "selective", "full"]
Offload = Literal["none", "optimizer", "activations"]
Loss = Literal["fused", "unfused", "chunked"]
GradientPrecision = Literal["fp32", "bf16"]
ScheduleName = Literal["gpipe", "1f1b", "zero-bubble", "dualpipe"]


def _no_boolean(value: object) -> object:
    # True equals 1, and a literal takes it for one.
    return "true" if value is True else "false" if value is False else value


ZeroStage = Annotated[Literal[0, 1, 2, 3], BeforeValidator(_no_boolean)]
RankOrder = Literal["tp-cp-dp-pp", "tp-cp-pp-dp"]
Software = Literal[
    "megatron",
    "pytorch",
    "composer",
    "xla",
    "paxml",
    "megatron-2021",
    "megatron-deepspeed",
    "megatron-deepspeed-2023",
    "deepspeed-zero3",
]
"""Classes of training software that the step model was calibrated on."""

SoftwareOption = Literal[
    "flex",
    "overlap",
    "graphs",
    "full_graphs",
    "fused_experts",
    "narrow_attention",
    "narrow_head",
    "token_drop",
    "reduce_once",
    "keep_gathered",
    "modules",
]
"""What a release or a recipe of the software turns on; the step model says what each does."""


class Layout(Section):
    """How the model is spread over the GPUs. GPUs of the job = tensor x context x pipeline x data."""

    tensor_parallel: PositiveInt = setting(1, description="TP: GPUs that share each matrix")
    context_parallel: PositiveInt = setting(1, description="CP: GPUs that share each sequence")
    pipeline_parallel: PositiveInt = setting(1, description="PP: pipeline stages")
    virtual_pipeline: PositiveInt = setting(1, description="VPP: model chunks per pipeline stage (interleaved 1F1B)")
    schedule: ScheduleName = setting(
        "1f1b",
        description="order of the pipeline: gpipe, 1f1b (interleaved when virtual_pipeline is above 1), zero-bubble "
        "(ZB-H1) or dualpipe (both directions, two copies of the weights)",
        source="Megatron-LM (Narayanan et al. 2021, arXiv 2104.04473)",
    )
    data_parallel: PositiveInt = setting(description="DP: replicas of the model, sharded or not")
    expert_parallel: PositiveInt = setting(1, description="EP: GPUs, inside data parallel, that share the experts")
    zero_stage: ZeroStage = setting(1, description="ZeRO stage: 0 none, 1 optimizer, 2 gradients, 3 weights (FSDP)")
    micro_batch: PositiveInt = setting(1, description="sequences per micro-batch")
    recompute: Recompute = setting(
        "none",
        description="activations computed again in the backward pass: none, selective (core of attention; in PyTorch "
        "all but every second matrix product) or full (whole layers)",
    )
    recompute_layers: PositiveInt | None = setting(
        None, description="layers of each pipeline stage that recompute, the first ones; all when omitted"
    )
    offload: Offload = setting(
        "none",
        description="what waits in host memory, moved over the host link: optimizer (its states) or activations",
    )
    offload_layers: PositiveInt | None = setting(
        None, description="layers of each pipeline stage whose activations are offloaded; all when omitted"
    )
    loss: Loss = setting(
        "fused",
        description="cross entropy: fused (logits and one fp32 copy), unfused (eager PyTorch: 14 bytes a logit), "
        "chunked with the output head (Liger Kernel)",
    )
    gradient_precision: GradientPrecision | None = setting(
        None,
        description="number format in which gradients are summed and reduced: fp32 or bf16 (16 bits); when omitted, "
        "16 bits for fp16 training and fp32 otherwise",
    )
    sequence_parallel: bool = setting(True, description="SP: norms and dropout split over the tensor-parallel group")
    rank_order: RankOrder = setting(
        "tp-cp-dp-pp",
        description="dimensions from the fastest-varying rank to the slowest: neighbours of the first sit closest",
        source="Megatron-Core default, tp-cp-ep-dp-pp (2024)",
    )

    @property
    def gpus(self) -> int:
        """GPUs the job runs on."""
        return self.replica_gpus * self.data_parallel

    @property
    def replica_gpus(self) -> int:
        """GPUs of one replica."""
        return self.tensor_parallel * self.context_parallel * self.pipeline_parallel


class Phase(Section):
    """A stretch of the run with one sequence length, batch and layout."""

    name: str = setting(description="what the phase is called in the report")
    tokens: Tokens = setting(gt=0.0, description="tokens trained in this phase")
    sequence_length: PositiveInt = setting(description="tokens per sequence")
    global_batch: PositiveInt = setting(description="sequences per optimizer step, over all replicas")
    layout: Layout | None = setting(None, description="layout of this phase; training.layout when omitted")
    step_time: Duration | None = setting(
        None, gt=0.0, description="measured time of one step; predicted by the step model when omitted"
    )
    main: bool = setting(
        True, description="counts as the main run in the bill; false for long-context or annealing tails"
    )


class Resize(Section):
    """A change of the size of the job on a date: it stops with a checkpoint and goes on with other layouts."""

    on: Timestamp = setting(description="when, e.g. 2024-05-01; the wall time since training.start")
    gpus: PositiveInt | None = setting(
        None, description="GPUs it goes on with: every layout takes as many replicas as they hold"
    )
    layout: Layout | None = setting(None, description="layout it goes on with, in every phase")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.gpus is None) == (self.layout is None):
            msg = "takes either 'gpus' or 'layout', e.g. {on: 2024-05-01, gpus: 8192}"
            raise ValueError(msg)
        return self

    def of(self, layout: Layout) -> Layout:
        """What becomes of a layout."""
        if self.layout is not None:
            return self.layout
        replicas = max(1, (self.gpus or 0) // layout.replica_gpus)
        return layout.model_copy(update={"data_parallel": replicas})


class Training(Section):
    """The job."""

    start: Timestamp = setting(description="when the job starts, e.g. 2024-04-01")
    precision: Precision = setting("bf16", description="number format of the matrix products")
    software: Software | None = setting(
        None,
        description="class of training software, for its calibrated overheads; "
        "when omitted, pytorch for ZeRO 2 and 3 and megatron otherwise",
    )
    software_options: tuple[SoftwareOption, ...] | None = setting(
        None,
        description="what the software turns on: flex (tokens sent once to each GPU or node), overlap (of that"
        " exchange), graphs or full_graphs (CUDA graphs), fused_experts, narrow_attention and narrow_head (8 bits),"
        " token_drop, modules (selective recomputation of norms, activations and latent up-projections); when omitted,"
        " flex for mixtures of experts on megatron, with graphs on Blackwell",
    )
    layout: Layout = setting(description="parallel layout, for every phase that does not give its own")
    phases: tuple[Phase, ...] = setting(min_length=1, description="phases in order")
    resizes: tuple[Resize, ...] = setting((), description="changes of the size of the job on given dates")
    optimizer: Optimizer = setting(default_factory=Optimizer, description="the optimizer's loop")
    deadline: Duration | None = setting(
        None, gt=0.0, description="stop simulating after this much wall time, finished or not"
    )

    def layout_of(self, phase: Phase) -> Layout:
        """Layout of a phase: its own, or that of the job."""
        return phase.layout or self.layout

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of GPUs that the job has in its phases and after each change of its size, the largest first."""
        layouts = {self.layout_of(phase) for phase in self.phases}
        resized = {resize.of(layout) for resize in self.resizes for layout in layouts}
        return tuple(sorted({layout.gpus for layout in layouts | resized}, reverse=True))

    @property
    def tokens(self) -> float:
        """Tokens of all phases."""
        return sum(phase.tokens for phase in self.phases)

    @property
    def gpus(self) -> int:
        """Most GPUs that the job has at a time."""
        return self.sizes[0]

    def resized(self, resize: Resize) -> "Training":
        """The same training after a change of its size, without measured times: those were of another size."""
        phases = tuple(
            phase.model_copy(update={"layout": resize.of(self.layout_of(phase)), "step_time": None})
            for phase in self.phases
        )
        return self.model_copy(update={"phases": phases, "resizes": ()})
