"""From the arithmetic of the model to the GPU-hours on the bill, step by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

SECONDS_PER_HOUR = 3600.0
PRODUCTIVE = "productive"
SLOWED = "slowed"


class BridgeRow(TypedDict):
    """One row of the bridge: a part, the total of the parts, what is left to the reported figure, that figure."""

    label: str
    gpu_hours: float
    kind: Literal["part", "total", "difference", "reported"]


@dataclass(frozen=True, slots=True)
class PhaseWork:
    """What a phase of the run did.

    Parameters
    ----------
    main : bool
        Whether it belongs to the main run, or to its tail (long context, annealing).
    tokens : float
        Tokens it adds to the model.
    flops_per_token : float
        Model FLOPs of one token, forward and backward, in the convention of the reference throughput.
    step_time_s : float
        Time of one step [s].
    tokens_per_step : float
        Tokens of one step.
    gpus : int
        GPUs of the job.
    seconds_by_state : mapping of str to float
        Wall time in each state during the phase [s].
    """

    main: bool
    tokens: float
    flops_per_token: float
    step_time_s: float
    tokens_per_step: float
    gpus: int
    seconds_by_state: Mapping[str, float]

    @property
    def flops_per_gpu_s(self) -> float:
        """Model FLOPs per GPU and second while steps run."""
        return self.flops_per_token * self.tokens_per_step / (self.step_time_s * self.gpus)

    def gpu_hours(self, *, productive: bool | None = None) -> float:
        """GPU-hours of the phase: in the productive state, outside it, or in all states (None)."""
        seconds = sum(
            value
            for state, value in self.seconds_by_state.items()
            if productive is None or (state == PRODUCTIVE) == productive
        )
        return seconds * self.gpus / SECONDS_PER_HOUR

    @property
    def slowed_gpu_hours(self) -> float:
        """GPU-hours by which steps took longer than they should."""
        return self.seconds_by_state.get(SLOWED, 0.0) * self.gpus / SECONDS_PER_HOUR


def gpu_hours_bridge(
    phases: Sequence[PhaseWork],
    reference_flops_per_gpu_s: float | None = None,
    reported_gpu_hours: float | None = None,
) -> list[BridgeRow]:
    """Explain the GPU-hours of a run, from pure computation up.

    Parameters
    ----------
    phases : sequence of PhaseWork
        The phases, at least one of them a main one.
    reference_flops_per_gpu_s : float, optional
        Published throughput of the main run [FLOP/s per GPU]; that of its fastest phase when omitted.
    reported_gpu_hours : float, optional
        What the owner of the run published, added at the end with the difference to it.

    Returns
    -------
    list of BridgeRow
        Parts, their total, and, where something was reported, the difference to it and the figure itself. The parts
        sum exactly to the total, and the total is the GPU-hours of all states of all phases up to rounding. A part is
        negative where the plan is faster than the reference throughput.
    """
    main = [phase for phase in phases if phase.main]
    tail = [phase for phase in phases if not phase.main]
    reference = reference_flops_per_gpu_s or max(phase.flops_per_gpu_s for phase in main)
    compute = sum(phase.tokens * phase.flops_per_token for phase in main) / reference / SECONDS_PER_HOUR
    slower = sum(phase.gpu_hours(productive=True) for phase in main) - compute
    slowed = sum(phase.slowed_gpu_hours for phase in main)
    parts = {
        f"compute alone, {reference / 1e12:,.0f} TFLOP/s per GPU": compute,
        _slower_label(slower): slower,
        **({"slow steps": slowed} if slowed else {}),
        "interruptions and lost work": sum(phase.gpu_hours(productive=False) for phase in main) - slowed,
        "long-context and annealing phases": sum(phase.gpu_hours() for phase in tail),
    }
    rows: list[BridgeRow] = [{"label": label, "gpu_hours": hours, "kind": "part"} for label, hours in parts.items()]
    total = sum(parts.values())
    rows.append({"label": "forecast total", "gpu_hours": total, "kind": "total"})
    if reported_gpu_hours is not None:
        rows.append({"label": "not explained", "gpu_hours": reported_gpu_hours - total, "kind": "difference"})
        rows.append({"label": "reported", "gpu_hours": reported_gpu_hours, "kind": "reported"})
    return rows


def _slower_label(gpu_hours: float) -> str:
    return "slower phases (small batch, bubbles)" if gpu_hours >= 0.0 else "phases faster than that"
