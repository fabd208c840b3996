"""Periodic checkpoints."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import Bandwidth, Duration, Fraction

Survives = Literal["restart", "node", "rack", "leaf", "pod", "pdu", "cooling_loop", "site"]

_KEEP = "whole checkpoints that are kept, the newest; older ones are deleted. All when omitted"
_FAILED = "share of the writes that fail; it is noticed, and the next one is waited for"
_CORRUPT = "share of the writes that turn out to be unreadable when they are loaded; then an older one is"


class CheckpointTier(Section):
    """A place nearer than the store, where checkpoints are kept as well."""

    name: str = setting(description="what it is called in the report, e.g. peer memory")
    survives: Survives = setting(
        description="the most that may be taken out at a time without losing what is in it: restart: nothing but the"
        " processes; node: one node, whose part another one has too; rack, leaf, pod, pdu, cooling_loop or site: the"
        " nodes of one",
        source="Gemini (SOSP 2023) keeps copies in the memory of peers; SCR (Moody et al., SC 2010) has levels",
    )
    every: PositiveInt = setting(1, description="one checkpoint out of so many is kept in it")
    write: Duration = setting(
        "0 s", ge=0.0, description="from the end of the stall until the checkpoint is whole in it"
    )
    load: Duration = setting(
        ge=0.0,
        description="median time to load from it, in place of recovery.restart.load: it does not grow with the job",
    )
    keep: PositiveInt | None = setting(None, description=_KEEP)
    failed: Fraction = setting(0.0, description=_FAILED)
    corrupt: Fraction = setting(0.0, description=_CORRUPT)

    @model_validator(mode="after")
    def _some_writes_are_good(self) -> Self:
        refuse("CheckpointTier", _none_good(self.failed, self.corrupt))
        return self


class _Checkpoint(Section):
    interval: Annotated[Duration, Field(gt=0.0)] | Literal["young-daly", "adaptive"] = setting(
        "young-daly",
        description="work between two checkpoints; young-daly for the interval that loses least time at the rates of"
        " the plan; or adaptive for the one that does so at the rate at which the job was seen to fail so far",
        source="Young (CACM 1974), Daly (FGCS 2006)",
    )
    expected_mtbf: Duration | None = setting(
        None,
        gt=0.0,
        description="mean time between failures that an adaptive interval starts from; that of the plan when omitted",
    )
    memory: PositiveInt | None = setting(
        None, description="failures, the last ones, that an adaptive interval follows; 10 when omitted"
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
    keep: PositiveInt | None = setting(None, description=_KEEP)
    failed: Fraction = setting(0.0, description=_FAILED)
    corrupt: Fraction = setting(0.0, description=_CORRUPT)
    read_copies: float = setting(
        1.0,
        ge=0.0,
        description="checkpoints' worth of bytes that all ranks together read in a restart: 1 when each reads its part,"
        " data_parallel when every replica reads it all. Counts where cluster.storage is given",
        source="ByteCheckpoint (arXiv 2407.20143, NSDI 2025) reads each part once and passes it on",
    )

    @model_validator(mode="after")
    def _policy_has_its_settings(self) -> Self:
        refuse(type(self).__name__, self._wrong_policy())
        return self

    def _wrong_policy(self) -> Iterator[Wrong]:
        for name in ("expected_mtbf", "memory"):
            value = getattr(self, name)
            if value is not None and self.interval != "adaptive":
                yield Wrong((name,), value, "goes with 'interval: adaptive': leave it out, or write that")
        yield from _none_good(self.failed, self.corrupt)


STORE = "store"
"""Name of the place where checkpoints end up."""


def _none_good(failed: float, corrupt: float) -> Iterator[Wrong]:
    if failed + corrupt >= 1.0:
        message = (
            f"{failed:.0%} of the writes fail and {corrupt:.0%} cannot be read, so that no checkpoint is any good: both"
            " together stay below 100 %"
        )
        yield Wrong(("corrupt",), corrupt, message)


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
    every: PositiveInt = setting(1, description="one checkpoint out of so many is written to the store")
    tiers: tuple[CheckpointTier, ...] = setting((), description="places nearer than the store")

    @model_validator(mode="after")
    def _tiers_have_their_settings(self) -> Self:
        refuse("AsynchronousCheckpoint", self._wrong_tiers())
        return self

    def _wrong_tiers(self) -> Iterator[Wrong]:
        names = [tier.name for tier in self.tiers]
        for index, name in enumerate(names):
            if name == STORE or name in names[:index]:
                yield Wrong(("tiers", index, "name"), name, "is the name of another tier: choose one of its own")
        if self.every > 1 and all(tier.every > 1 for tier in self.tiers):
            message = "no tier has every checkpoint: some would be taken for nothing. Set one 'every' to 1"
            yield Wrong(("every",), self.every, message)


Checkpoint = Annotated[BlockingCheckpoint | AsynchronousCheckpoint, Field(discriminator="kind")]
