"""From a failure back to training: detection, diagnosis and restart."""

from typing import Literal, Self

from pydantic import model_validator

from clustersim.scenario.schema.law import DurationLaw
from clustersim.scenario.schema.model import PositiveInt
from clustersim.scenario.schema.section import Section, setting
from clustersim.scenario.schema.wrong import Wrong, refuse
from clustersim.scenario.units import Duration, Fraction

PartName = Literal["schedule", "init", "collectives", "load", "warmup"]


class Detection(Section):
    """How long a failure stays unseen."""

    crash: DurationLaw = setting(
        {"kind": "lognormal", "median": "30 s", "sigma": 0.7},
        description="from a crash to the decision to restart",
        source="ByteRobust (arXiv 2509.16293, SOSP 2025), Table 3: 2-60 s with inspection; spread assumed",
    )
    hang_timeout: Duration = setting(
        "10 min",
        ge=0.0,
        description="the collective timeout that turns a hang into an error",
        source="ByteRobust (arXiv 2509.16293, SOSP 2025), Table 3: about 10 min by the NCCL/torch timeout",
    )
    corruption: DurationLaw = setting(
        {"kind": "lognormal", "median": "60 min", "sigma": 0.6},
        description="from a silent corruption to its discovery; the run rewinds past it",
        source="ByteRobust (arXiv 2509.16293, SOSP 2025), Table 6: NaN resolved in 4,289 s on average, 7,200 s at most",
    )
    loss_spike: DurationLaw = setting(
        "10 min",
        description="from a loss spike to the decision to rewind",
        source="assumed: the monitor waits until the loss has stayed up for some tens of steps",
    )


class Diagnosis(Section):
    """Whether the node that failed is the one that is taken out."""

    missed: Fraction = setting(
        0.0,
        description="share of the failures with a broken node in which it is not found, and the job restarts on it",
    )
    false_blame: Fraction = setting(
        0.0,
        description="share in which another node is taken out instead, e.g. 10 %",
        source="Minder (NSDI 2025) finds faulty machines with a precision of 90.4 % and a recall of 88.3 %",
    )
    relapse: DurationLaw = setting(
        {"kind": "exponential", "mean": "30 min"},
        description="how long a node that is still broken works for the job before it fails again",
        source="assumed",
    )


class RestartPart(Section):
    """One part of a restart; grows with the size of the job as ``median * (gpus / at_gpus) ** growth``."""

    median: Duration = setting(ge=0.0, description="median duration at the reference size")
    at_gpus: PositiveInt = setting(16384, description="the reference size")
    growth: float = setting(0.0, ge=0.0, description="exponent of the job's size; 0 does not grow")


class Restart(Section):
    """Everything between the decision to restart and the first step."""

    schedule: RestartPart = setting(
        {"median": "35 s", "growth": 0.5},
        description="scheduler and containers",
        source="remainder of FT-HSDP's 200 s at 16K GPUs (arXiv 2602.00277, 2026); "
        "growth: ByteRobust Table 7, 454-768 s at 2-16K",
    )
    init: RestartPart = setting(
        {"median": "40 s", "growth": 0.8},
        description="process start and imports",
        source="remainder of FT-HSDP's 200 s at 16K and 900 s at 98K GPUs (arXiv 2602.00277, 2026)",
    )
    collectives: RestartPart = setting(
        {"median": "17 s", "growth": 1.36},
        description="collective set-up (NCCL communicators)",
        source="FT-HSDP (arXiv 2602.00277, 2026): 17 s at 16K, 200 s at 98K GPUs; exponent fitted",
    )
    load: RestartPart = setting(
        {"median": "78 s", "growth": 0.5},
        description="reading the checkpoint",
        source="ByteCheckpoint (arXiv 2407.20143, NSDI 2025), Table 8: 129 s for 405B at 8,960 GPUs, "
        "first-time plan included",
    )
    warmup: RestartPart = setting(
        {"median": "30 s", "growth": 0.0},
        description="compilation, allocator and first slow steps",
        source="remainder of FT-HSDP's 200 s at 16K GPUs (arXiv 2602.00277, 2026)",
    )
    spread: float = setting(
        0.3,
        ge=0.0,
        description="sigma of the lognormal of the whole restart",
        source="not published; assumed",
    )


class OnCall(Section):
    """When the people who mend things are awake. Hours are those of ``training.start``."""

    begins: Duration = setting("9 h", ge=0.0, lt=86400.0, description="start of the working day, since midnight")
    ends: Duration = setting("18 h", gt=0.0, le=86400.0, description="end of the working day, since midnight")
    weekends: bool = setting(False, description="whether Saturdays and Sundays are working days")
    off_hours: DurationLaw = setting(description="how long a person takes outside of them, in place of manual_delay")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.ends <= self.begins:
            refuse("OnCall", [Wrong(("ends",), self.ends, "must be later than 'begins', on the same day")])
        return self


class InJobRestart(Section):
    """A restart inside the job that is there, where all its nodes stay."""

    skips: tuple[PartName, ...] = setting(
        ("schedule", "init"),
        description="parts of a restart that it does without",
        source="NVIDIA Resiliency Extension (2024): processes stay, communicators and state are made anew",
    )
    succeeds: Fraction = setting(
        1.0, description="share of the attempts that succeed; a full restart follows the others"
    )


class Elastic(Section):
    """Going on with fewer replicas while nodes are missing."""

    least: Fraction = setting(
        "90 %", gt=0.0, description="share of the replicas that it goes on with at least; with fewer it waits for nodes"
    )
    regrow: Literal["at_once", "at_next_stop"] = setting(
        "at_once",
        description="when nodes that are back join: at_once stops the job with a checkpoint to restart it with them",
    )


class Recovery(Section):
    """Detection and restart."""

    detection: Detection = setting(default_factory=Detection, description="how failures are noticed")
    diagnosis: Diagnosis = setting(default_factory=Diagnosis, description="whether the right node is found")
    on_call: OnCall | None = setting(None, description="when people are quick to help; at any hour alike when omitted")
    in_job_restart: InJobRestart | None = setting(
        None, description="restarts inside the job where no node changes; every restart is a full one when omitted"
    )
    queue: DurationLaw = setting(
        "0 s", description="how long a full restart waits in the scheduler's queue before its first part"
    )
    swap_slow_after: Duration | None = setting(
        None,
        ge=0.0,
        description="time after which the job stops, with a checkpoint, to replace a slow node that is to be replaced;"
        " it waits for the next stop when omitted",
    )
    elastic: Elastic | None = setting(
        None, description="going on with fewer replicas while nodes are missing; the job waits for them when omitted"
    )
    suspect_after: PositiveInt | None = setting(
        None,
        description="failures of one node, each cured by a restart, after which it is replaced all the same; never when"
        " omitted",
    )
    restart: Restart = setting(default_factory=Restart, description="parts of a restart")
    manual_fraction: Fraction = setting(
        "0.7 %",
        description="share of failures that wait for a person",
        source="Llama 3 (arXiv 2407.21783, 2024), section 3.3.4: 3 of 419 needed significant manual work",
    )
    manual_delay: DurationLaw = setting(
        {"kind": "lognormal", "median": "90 min", "sigma": 0.5},
        description="how long the person takes",
        source="ByteRobust (arXiv 2509.16293, SOSP 2025): hangs diagnosed by hand take over 1.5 h; spread assumed",
    )
