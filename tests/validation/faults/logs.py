"""Logs of jobs written by hand."""

from typing import Any

from validation.faults.lives import Event


class HandLog:
    """Writes events down at moments that a reader can add up."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.now_s = 0.0

    def start(self, at_s: float, ready_s: float, resumed: int = 0, load_s: float = 0.1) -> None:
        """A process logs its start at one moment and is ready at another; its group took 0.2 s."""
        self._write(at_s, "start", world=2)
        if resumed:
            self._write(ready_s, "resume", step=resumed, checkpoint=f"step-{resumed:08d}")
        self._write(ready_s, "ready", process_group_s=0.2, build_s=0.5, load_s=load_s, import_s=1.0)

    def steps(self, first: int, *times_s: float, persisting: bool = False) -> None:
        """Steps one after the other."""
        for place, step_s in enumerate(times_s):
            self._write(self.now_s + step_s, "step", step=first + place, step_s=step_s, persisting=persisting)

    def checkpoint(self, step: int, took_s: float, mode: str = "blocking") -> None:
        """A checkpoint that is complete so much later; only a blocking one holds the job up."""
        now_s = self.now_s
        self._write(now_s + took_s, "checkpoint", step=step, mode=mode, blocking_s=took_s, persist_s=took_s, bytes=1000)
        if mode == "async":
            self.now_s = now_s

    def end(self, at_s: float) -> None:
        """The job is done."""
        self._write(at_s, "end", step=0, reason="completed")

    def _write(self, at_s: float, event: str, **fields: Any) -> None:
        self.now_s = at_s
        self.events.append({"event": event, "time_s": at_s, "attempt": 0, **fields})
