"""Which steps are profiled, for their collectives or for a trace."""

from pathlib import Path

import torch
from torch.profiler import profile

from validation.gpt.collectives import Collective, collectives_of, events_of, per_step, start_profile
from validation.gpt.config import Measuring


class StepProfiler:
    """Profiles some of the steps of an attempt on this process.

    Parameters
    ----------
    measure : Measuring
        Every ``collectives_every``-th step is read for its collectives. The first ``trace_steps`` steps after
        ``skip_steps`` become one trace file, for Perfetto or chrome://tracing, and are not read for collectives.
    folder : Path
        Where the trace goes.
    rank : int
        Of this process; part of the name of the trace.
    device : torch.device
        What is profiled beside the host.
    """

    def __init__(self, measure: Measuring, folder: Path, rank: int, device: torch.device) -> None:
        self._measure, self._device = measure, device
        self._path = folder / f"trace-rank-{rank}.json"
        self._taken = 0
        self._profiler: profile | None = None
        self._collectives: list[Collective] = []
        self._steps = 0

    def before(self, checkpointing: bool) -> bool:
        """Start profiling if the next step is to be profiled.

        Parameters
        ----------
        checkpointing : bool
            Whether a checkpoint is being written in the background: its own collectives would be counted.

        Returns
        -------
        bool
            Whether the step is profiled, and its time therefore not to be used.
        """
        self._taken += 1
        if self._tracing():
            self._profiler = self._profiler or start_profile(self._device)
        elif self._is_sampled() and not checkpointing:
            self._profiler = start_profile(self._device)
        return self._profiler is not None

    def after(self) -> None:
        """Stop profiling after a step, unless the trace goes on."""
        if self._profiler is None:
            return
        if not self._tracing():
            self._collectives += collectives_of(events_of(self._profiler))
            self._steps += 1
            self._profiler = None
        elif self._taken == self._last_traced():
            self.finish()

    def finish(self) -> None:
        """Write a trace that is still open."""
        if self._profiler is not None:
            self._profiler.stop()
            self._profiler.export_chrome_trace(str(self._path))
            self._profiler = None

    def collectives(self) -> dict[str, dict[str, float]]:
        """Mean collectives of a step; empty when none was profiled."""
        return per_step(self._collectives, self._steps) if self._steps else {}

    def _last_traced(self) -> int:
        return self._measure.skip_steps + self._measure.trace_steps

    def _tracing(self) -> bool:
        return self._measure.skip_steps < self._taken <= self._last_traced()

    def _is_sampled(self) -> bool:
        every = self._measure.collectives_every
        return bool(every) and self._taken % every == 0
