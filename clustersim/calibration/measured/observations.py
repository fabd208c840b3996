"""What measurements say, whatever file they come from."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from clustersim.scenario.schema.hardware import Precision
from clustersim.scenario.schema.model import Model
from clustersim.scenario.schema.training import Layout, SoftwareOption
from clustersim.step.shape import MatrixProduct


@dataclass(frozen=True, slots=True)
class TimedProduct:
    """A matrix product and its time [s]."""

    product: MatrixProduct
    precision: Precision
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedAttention:
    """A causal attention kernel: FLOPs of the forward pass over the causal half, queries, time [s] of one pass."""

    flops: float
    length: float
    backward: bool
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedTraffic:
    """A kernel bound by memory: bytes moved and time [s], with how many devices of the node at it at once."""

    name: str
    moved_bytes: float
    devices: int
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedUpdate:
    """An optimizer step over so many parameters [s]; ``what`` tells the update from the clipping before it."""

    what: str
    parameters: float
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedCollective:
    """A collective over ``ranks`` devices on ``nodes`` nodes: bytes of the whole vector on one rank, time [s]."""

    name: str
    ranks: int
    nodes: int
    size_bytes: float
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedWrite:
    """A checkpoint that was written: bytes over all of its writers, and the time until the last had ended [s]."""

    writers: int
    size_bytes: float
    time_s: float


@dataclass(frozen=True, slots=True)
class TimedRecovery:
    """What killed jobs of one size took to train again.

    ``detection_s`` is from the kill to the end of the attempt, ``restart_s`` from there to the first step, both one
    number per kill [s]; ``parts_s`` splits the restarts, by the names of
    :class:`clustersim.scenario.schema.recovery.Restart`.
    """

    gpus: int
    detection_s: tuple[float, ...]
    restart_s: tuple[float, ...]
    parts_s: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class TimedStep:
    """A training step of a real job.

    Attributes
    ----------
    name : str
        What the file calls it.
    split : str
        ``fit`` or ``test``: rows marked ``test`` are never fitted.
    model : Model
        The transformer.
    layout : Layout
        How it was spread.
    sequence_length, global_batch : int
        Tokens of a sequence; sequences of a step.
    precision : str
        Number format of the matrix products.
    options : tuple of str
        What the software turned on.
    gpus_per_node, nodes : int
        Devices on each machine, and machines.
    time_s : float
        Median step time [s].
    spread : float
        Relative range of its repeats; 0 for a single one.
    parts_s : dict of str to float
        Measured parts of it [s]: forward, backward, clip, optimizer where they were told apart.
    """

    name: str
    split: str
    model: Model
    layout: Layout
    sequence_length: int
    global_batch: int
    precision: Precision
    gpus_per_node: int
    nodes: int
    time_s: float
    spread: float = 0.0
    parts_s: dict[str, float] = field(default_factory=dict)
    options: tuple[SoftwareOption, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """What a file says of the machine: name of the device, how many a node has, memory [bytes], date, software."""

    name: str
    kind: str
    count: int
    memory_bytes: float | None
    date: str
    software: str


@dataclass(frozen=True, slots=True)
class Observations:
    """Everything the files hold."""

    devices: tuple[Device, ...] = ()
    products: tuple[TimedProduct, ...] = ()
    attention: tuple[TimedAttention, ...] = ()
    traffic: tuple[TimedTraffic, ...] = ()
    updates: tuple[TimedUpdate, ...] = ()
    collectives: tuple[TimedCollective, ...] = ()
    steps: tuple[TimedStep, ...] = ()
    writes: tuple[TimedWrite, ...] = ()
    recoveries: tuple[TimedRecovery, ...] = ()


def together(parts: Iterable[Observations]) -> Observations:
    """Observations of several files."""
    found = list(parts)
    return Observations(
        devices=tuple(item for part in found for item in part.devices),
        products=tuple(item for part in found for item in part.products),
        attention=tuple(item for part in found for item in part.attention),
        traffic=tuple(item for part in found for item in part.traffic),
        updates=tuple(item for part in found for item in part.updates),
        collectives=tuple(item for part in found for item in part.collectives),
        steps=tuple(item for part in found for item in part.steps),
        writes=tuple(item for part in found for item in part.writes),
        recoveries=tuple(item for part in found for item in part.recoveries),
    )
