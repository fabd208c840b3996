"""Which runs are made and what happens in each: data alone."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Category = Literal["kill", "hang", "straggler", "disk full", "bad checkpoint"]
"""What can be done to a job."""

LASTING: tuple[Category, ...] = ("straggler", "disk full")
"""Incidents that end by themselves."""

STOPPING: tuple[Category, ...] = ("kill", "hang")
"""Incidents that end an attempt."""

WORLD = 2
"""Processes of the job."""

ASSUMED_STEP_S = 0.2
"""Step time that the first calibration run is planned with [s]; the others go by what that one measured."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens to the job.

    Attributes
    ----------
    at_s : float
        When, counted from the start of the job's first process [s].
    category : Category
        ``kill`` (SIGKILL of one process), ``hang`` (SIGSTOP of one), ``straggler`` (one gets 0.3 of a processor),
        ``disk full`` (the folder of checkpoints holds no more), ``bad checkpoint`` (bytes of the newest are flipped).
    rank : int
        Which process.
    lasts_s : float
        How long, of a straggler or a full disk [s].
    """

    at_s: float
    category: Category
    rank: int = 1
    lasts_s: float = 0.0

    def tree(self) -> dict[str, Any]:
        """The incident as it stands in the file."""
        lasts = {"lasts_s": self.lasts_s} if self.category in LASTING else {}
        return {"at_s": self.at_s, "category": self.category, "rank": self.rank, **lasts}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run and what happens in it.

    Attributes
    ----------
    name : str
        Its name.
    incidents : tuple of Incident
        In the order of their moments.
    work_s : float
        What its steps take together when nothing happens [s].
    every_s : float
        Work between two checkpoints [s].
    mode : str
        How checkpoints are written, ``blocking`` or ``async``.
    hang_timeout_s : float
        Silence of the log after which the job is taken for hung [s].
    """

    name: str
    incidents: tuple[Incident, ...] = ()
    work_s: float = 60.0
    every_s: float = 1.6
    mode: str = "blocking"
    hang_timeout_s: float = 6.0

    @property
    def needs_disk(self) -> bool:
        """Whether its checkpoints must lie on a file system that the driver may fill."""
        return any(incident.category == "disk full" for incident in self.incidents)

    def config(self, step_s: float) -> dict[str, dict[str, Any]]:
        """Tables of the job that has so much work, given the time of a step [s]."""
        every = max(2, round(self.every_s / step_s))
        return {
            **{name: dict(table) for name, table in JOB.items()},
            "train": {**JOB["train"], "steps": max(2 * every, round(self.work_s / step_s))},
            "checkpoint": {"every_steps": every, "mode": self.mode, "keep": 2, "resume": True},
        }


JOB: Mapping[str, Mapping[str, Any]] = {
    "model": {"layers": 4, "hidden": 256, "heads": 4, "kv_heads": 4, "ffn_hidden": 768, "vocab": 2048},
    "train": {
        "sequence_length": 256,
        "micro_batch": 2,
        "global_batch": 4,
        "precision": "fp32",
        "schedule": "constant",
    },
    "parallel": {"data": WORLD, "tensor": 1, "pipeline": 1, "data_kind": "ddp", "threads": 1},
}
"""The job that is broken: 4.2 million parameters, a checkpoint of 54 MB."""


def _kills(*moments: tuple[float, int]) -> tuple[Incident, ...]:
    return tuple(Incident(at_s, "kill", rank) for at_s, rank in moments)


def _bad_checkpoint(at_s: float) -> tuple[Incident, ...]:
    """The newest checkpoint is damaged, and the job dies before it writes another."""
    return (Incident(at_s, "bad checkpoint"), Incident(at_s + 0.05, "kill"))


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("one kill", _kills((30.0, 1))),
    Scenario("two kills", _kills((22.0, 0), (48.0, 1))),
    Scenario("four kills", _kills((14.0, 1), (27.0, 0), (40.0, 1), (55.0, 0))),
    Scenario("kill during a restart", _kills((30.0, 1), (32.0, 0))),
    Scenario("hang", (Incident(33.0, "hang"),)),
    Scenario("straggler", (Incident(20.0, "straggler", lasts_s=25.0),)),
    Scenario("straggler, then kill", (Incident(16.0, "straggler", lasts_s=10.0), *_kills((45.0, 0)))),
    Scenario("bad checkpoint", _bad_checkpoint(38.0)),
    Scenario("disk full", (Incident(24.0, "disk full", lasts_s=20.0), *_kills((42.0, 1)))),
    Scenario("rare checkpoints", _kills((37.0, 1)), every_s=12.0),
    Scenario("asynchronous, two kills", _kills((24.0, 1), (50.0, 0)), mode="async"),
    Scenario("asynchronous, bad checkpoint", _bad_checkpoint(36.0), mode="async"),
    Scenario(
        "all sorts",
        (Incident(14.0, "straggler", lasts_s=8.0), *_kills((32.0, 1)), Incident(52.0, "hang", 0), *_kills((80.0, 1))),
    ),
)
"""Runs that are compared with the simulation. None of them is used to set it."""

CALIBRATION: tuple[Scenario, ...] = (
    Scenario("quiet", work_s=30.0),
    Scenario("quiet, asynchronous", work_s=20.0, mode="async"),
    *(
        Scenario(f"single kill of rank {rank} at {at_s:g} s", _kills((at_s, rank)), work_s=14.0)
        for at_s, rank in ((8.1, 0), (9.6, 1), (11.3, 0), (12.8, 1))
    ),
    Scenario("straggler alone", (Incident(10.0, "straggler", lasts_s=12.0),), work_s=18.0),
)
"""Runs that say what steps, checkpoints, detection and restarts cost."""

RANDOM = Scenario("random kills", work_s=100.0)
RANDOM_INTERVAL_S = 30.0
"""Mean time between the kills of a random run [s]."""

SMALL_SCENARIOS: tuple[Scenario, ...] = tuple(
    replace(scenario, work_s=8.0, every_s=0.8, hang_timeout_s=4.0)
    for scenario in (
        Scenario("two kills", _kills((6.0, 1), (11.0, 0))),
        Scenario("kill during a restart", _kills((7.0, 1), (8.5, 0))),
        Scenario("hang", (Incident(7.0, "hang"),)),
        Scenario("straggler", (Incident(7.0, "straggler", lasts_s=4.0),)),
        Scenario("bad checkpoint", _bad_checkpoint(8.0)),
        Scenario("disk full", (Incident(6.0, "disk full", lasts_s=5.0), *_kills((8.5, 1)))),
        Scenario("asynchronous, one kill", _kills((8.0, 1)), mode="async"),
    )
)
SMALL_CALIBRATION: tuple[Scenario, ...] = tuple(
    replace(scenario, work_s=6.0, every_s=0.8)
    for scenario in (
        Scenario("quiet"),
        Scenario("quiet, asynchronous", mode="async"),
        Scenario("single kill of rank 1", _kills((7.0, 1))),
        Scenario("straggler alone", (Incident(6.0, "straggler", lasts_s=4.0),)),
    )
)
SMALL_RANDOM = replace(RANDOM, work_s=12.0, every_s=0.8)
SMALL_RANDOM_INTERVAL_S = 10.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """Everything one call of the driver may run."""

    calibration: tuple[Scenario, ...]
    scenarios: tuple[Scenario, ...]
    random: Scenario
    interval_s: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names that ``--only`` may name."""
        return (*(scenario.name for scenario in self.scenarios), self.random.name)

    def only(self, beginnings: tuple[str, ...]) -> tuple[str, ...]:
        """Names that start with one of these; all when none is given."""
        return tuple(name for name in self.names if not beginnings or name.startswith(beginnings))


FULL = Protocol(CALIBRATION, SCENARIOS, RANDOM, RANDOM_INTERVAL_S)
SMALL = Protocol(SMALL_CALIBRATION, SMALL_SCENARIOS, SMALL_RANDOM, SMALL_RANDOM_INTERVAL_S)


def random_incidents(interval_s: float, seed: int, until_s: float) -> Iterator[Incident]:
    """Kills of a Poisson process: exponential gaps, any rank, the same for the same seed.

    Parameters
    ----------
    interval_s : float
        Mean gap [s].
    seed : int
        Of the draws.
    until_s : float
        No kill at or after this moment [s].
    """
    draws = random.Random(seed)
    at_s = draws.expovariate(1.0 / interval_s)
    while at_s < until_s:
        yield Incident(at_s, "kill", draws.randrange(WORLD))
        at_s += draws.expovariate(1.0 / interval_s)
