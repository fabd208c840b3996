"""Periodic checkpoints."""

from typing import Annotated, Literal

from pydantic import Field

from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.units import Bandwidth, Duration


class _Checkpoint(Section):
    interval: Annotated[Duration, Field(gt=0.0)] | Literal["young-daly"] = setting(
        "young-daly",
        description="work between two checkpoints, or young-daly for the interval that loses least time",
        source="Young (CACM 1974), Daly (FGCS 2006)",
    )
    bytes_per_parameter: float = setting(
        14.0,
        gt=0.0,
        description="checkpoint size per parameter [bytes]",
        source="BLOOM (bigscience chronicles, 2022): 2 bf16 weights + 4 fp32 master + 8 Adam moments",
    )
    write_bandwidth: Bandwidth = setting(
        gt=0.0, description="bandwidth of the checkpoint storage that this job gets, over all writers"
    )


class BlockingCheckpoint(_Checkpoint):
    """Training stands still until the last byte is written."""

    kind: Literal["blocking"] = setting(description="kind of checkpoint")


class AsynchronousCheckpoint(_Checkpoint):
    """Training stops for a copy to host memory, then goes on while the copy is written."""

    kind: Literal["asynchronous"] = setting(description="kind of checkpoint")
    stall: Duration = setting(
        "0.6 s",
        ge=0.0,
        description="time that training stands still",
        source="ByteCheckpoint (arXiv 2407.20143, NSDI 2025), Table 8: 0.59 s, 405B on 8,960 GPUs",
    )


Checkpoint = Annotated[BlockingCheckpoint | AsynchronousCheckpoint, Field(discriminator="kind")]
