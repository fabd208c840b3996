"""The jobs on several processes that the tests look at."""

from tests.validation.gpt.launch import Job

DATA = ("parallel.data=2",)
SHARDED = (*DATA, "parallel.data_kind=fsdp")
RESHARDED = (*SHARDED, "parallel.reshard_after_forward=true")
TENSOR = ("parallel.tensor=2",)
PIPELINE = ("parallel.pipeline=2",)
FILL_DRAIN = (*PIPELINE, "parallel.pipeline_schedule=gpipe")
PROFILED = ("measure.collectives_every=5",)
PROBED = ("measure.evaluate_every=5", "measure.evaluate_sequences=3", "measure.copying_every=5")
PROBED_MIDWAY = ("measure.evaluate_every=2", "measure.evaluate_sequences=3", "measure.copying_every=2")

LAYOUTS = (
    Job("one", 1, PROBED),
    Job("ddp", 2, (*DATA, *PROFILED, *PROBED)),
    Job("fsdp", 2, (*SHARDED, *PROBED_MIDWAY)),
    Job("fsdp resharded", 2, (*RESHARDED, *PROFILED)),
    Job("tp", 2, (*TENSOR, *PROFILED, *PROBED)),
    Job("gpipe", 2, FILL_DRAIN),
    Job("1f1b", 2, (*PIPELINE, *PROFILED, *PROBED)),
)
"""One process, and each way to use two."""

MIXES = (
    Job("ddp+tp", 4, (*DATA, *TENSOR)),
    Job("fsdp+tp", 4, (*RESHARDED, *TENSOR)),
    Job("ddp+pp", 4, (*DATA, *PIPELINE)),
    Job("fsdp+pp", 4, (*SHARDED, *FILL_DRAIN, *PROBED)),
    Job("tp+pp", 4, (*TENSOR, *PIPELINE)),
)

TIED = ("model.tied=true", "train.steps=3")
TIED_RUNS = (
    Job("tied one", 1, TIED),
    Job("tied ddp+tp", 4, (*TIED, *DATA, *TENSOR)),
    Job("tied fsdp+pp", 4, (*TIED, *SHARDED, *PIPELINE)),
    Job("tied tp+pp", 4, (*TIED, *TENSOR, *PIPELINE)),
)
"""The embedding is the head: shared within a process, or held twice at the ends of a pipeline."""

BF16 = ("train.precision=bf16", "train.steps=3")
BF16_RUNS = (
    Job("bf16 one", 1, BF16),
    Job("bf16 fsdp", 2, (*BF16, *RESHARDED)),
    Job("bf16 tp+pp", 4, (*BF16, *TENSOR, *PIPELINE)),
)

SAVED = ("checkpoint.every_steps=2",)
ASYNC = (*SAVED, "checkpoint.mode=async")
RESUMED = (
    Job("ddp cut", 2, (*DATA, *SAVED), folder="ddp again", signal_before=3),
    Job("ddp again", 2, (*DATA, *SAVED), damage="ddp again"),
    Job("fsdp cut", 2, (*SHARDED, *ASYNC), folder="fsdp again", signal_before=3),
    Job("elsewhere", 4, (*TENSOR, *PIPELINE, "checkpoint.folder=ROOT/fsdp again/checkpoints")),
    Job("fsdp again", 2, (*SHARDED, *ASYNC)),
)
"""Runs that are told to stop during step 3, have checkpoints of steps 2 and 3, and go on.

One of them finds its checkpoint of step 3 damaged. ``elsewhere`` goes on from the sharded run's checkpoint in another
layout.
"""

ALL = (*LAYOUTS, *MIXES, *TIED_RUNS, *BF16_RUNS, *RESUMED)
