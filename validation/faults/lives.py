"""From the job's log and what was seen of its processes to its lives: one for each attempt, with its steps."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from validation.faults.watching import Attempt

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an attempt.

    Attributes
    ----------
    number : int
        Steps completed with it, over all attempts.
    place : int
        Its place in the attempt, from 0.
    began_s, ended_s : float
        Unix times [s].
    stall_s : float
        What the checkpoint before it held it up [s].
    persisting : bool
        Whether a checkpoint was written in the background when it began.
    """

    number: int
    place: int
    began_s: float
    ended_s: float
    stall_s: float
    persisting: bool

    @property
    def took_s(self) -> float:
        """How long it took [s]."""
        return self.ended_s - self.began_s


@dataclass(slots=True)
class Life:
    """One attempt.

    Attributes
    ----------
    started_s, gone_s : float
        When its first process was started and its last one was gone, unix times [s].
    start_s, ready_s : float or None
        When it logged its start and its readiness; None if it did not come so far.
    parts_s : dict
        Parts of its start as it logged them [s].
    resumed : int
        Steps that it had behind it.
    steps : list of Step
        What it trained.
    last_stall_s, last_checkpoint_s : float
        When its last blocking checkpoint, and its last one of any kind, was complete; 0 if none was [s].
    """

    started_s: float
    gone_s: float
    start_s: float | None = None
    ready_s: float | None = None
    parts_s: dict[str, float] = field(default_factory=dict)
    resumed: int = 0
    steps: list[Step] = field(default_factory=list)
    last_stall_s: float = 0.0
    last_checkpoint_s: float = 0.0

    @property
    def last_step(self) -> int:
        """Steps behind it when it ended."""
        return self.steps[-1].number if self.steps else self.resumed

    @property
    def last_word_s(self) -> float | None:
        """End of its last step and stall; None if it never was ready [s]."""
        return self.ready_s if not self.steps else max(self.steps[-1].ended_s, self.last_stall_s)

    @property
    def end_s(self) -> float:
        """End of an attempt that trained to the last step: its last checkpoint, or when it was gone [s]."""
        return self.gone_s if self.last_word_s is None else max(self.last_word_s, self.last_checkpoint_s)


def read_log(path: Path) -> list[Event]:
    """Events of a job's log, in the order in which they were written; none if there is no log."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]  # what follows the last line feed was torn off
    return [json.loads(line) for line in lines if line]


def lives(events: Sequence[Event], attempts: Sequence[Attempt], every_steps: int) -> list[Life]:
    """Give every event to the attempt that was alive when it was written.

    Parameters
    ----------
    events : sequence of mapping
        The log.
    attempts : sequence of Attempt
        What was seen of the processes, in order; an attempt that died young has left nothing in the log.
    every_steps : int
        Steps between two checkpoints: what passes between the steps around one is its stall.
    """
    found = [Life(attempt.started_s, attempt.gone_s) for attempt in attempts]
    for event in events:
        own = [life for life in found if life.started_s <= event["time_s"]]
        if own:
            _tell(own[-1], event, every_steps)
    return found


def _tell(life: Life, event: Event, every_steps: int) -> None:
    kind, time_s = event["event"], float(event["time_s"])
    if kind == "start":
        life.start_s = time_s
    elif kind == "ready":
        life.ready_s = time_s
        life.parts_s = {name: float(value) for name, value in event.items() if name.endswith("_s") and name != "time_s"}
    elif kind == "resume":
        life.resumed = int(event["step"])
    elif kind == "checkpoint":
        life.last_checkpoint_s = time_s
        if event["mode"] == "blocking":
            life.last_stall_s = time_s
    elif kind == "step":
        life.steps.append(_step(life, event, every_steps))


def _step(life: Life, event: Event, every_steps: int) -> Step:
    number, ended_s = int(event["step"]), float(event["time_s"])
    began_s = ended_s - float(event["step_s"])
    stall_s = 0.0
    if life.steps:
        before = life.steps[-1]
        if before.number % every_steps == 0:
            stall_s = max(0.0, began_s - before.ended_s)
        else:
            began_s = before.ended_s  # writing the log belongs to the step
    return Step(number, len(life.steps), began_s, ended_s, stall_s, bool(event.get("persisting", False)))
