"""The states in which the job does not train, as they begin."""

import simpy

from clustersim.run.log import Log, StageRow
from clustersim.run.trajectory import Trajectory


class Stages:
    """Writes them down; each ends when the next stage or stretch begins."""

    def __init__(self, env: simpy.Environment, log: Log, path: Trajectory, parts: tuple[str, ...]) -> None:
        self._env = env
        self._log = log
        self._path = path
        self._part = {name: code for code, name in enumerate(parts)}

    def begin(
        self, state: int, length_s: float, cause: int, part: str = "", *, in_job: bool = False, load_s: float = -1.0
    ) -> simpy.Event:
        """Begin a stage; the event that ends it if nothing else does."""
        self.note(state, length_s, cause, part, in_job=in_job, load_s=load_s)
        return simpy.Timeout(self._env, length_s)

    def note(
        self, state: int, planned_s: float, cause: int, part: str = "", *, in_job: bool = False, load_s: float = -1.0
    ) -> None:
        """Begin a stage whose end nobody knows."""
        path, code, stretches = self._path, self._part[part], len(self._log.stretches)
        row = StageRow(self._env.now, state, code, path.phase, path.step, cause, planned_s, stretches, in_job, load_s)
        self._log.stages.append(row)
