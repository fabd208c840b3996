"""The Python API: everything the command line does is one call here."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from clustersim.learning.feasibility import learning_problems
from clustersim.run.compile import compile_plan
from clustersim.run.feasibility import plan_problems
from clustersim.run.plan import RunPlan
from clustersim.scenario import Loaded, Scenario, ScenarioError
from clustersim.scenario import load as load_scenario
from clustersim.step.predict import phase_steps
from clustersim.step.step_time import StepTime
from clustersim.study.chosen import Choice, chosen_number, records_of
from clustersim.study.ensemble import Progress
from clustersim.study.executor import default_executor
from clustersim.study.forecast import Forecast, make_forecast

__all__ = ["Forecast", "Plan", "event_log", "load", "write", "write_trace"]


def load(path: str | Path, overrides: Sequence[str] = ()) -> "Plan":
    """Read, resolve and check a scenario.

    Parameters
    ----------
    path : str or Path
        A scenario file.
    overrides : sequence of str
        ``path=value`` settings that go through the same checks as the file, e.g. ``"spares.warm=16"``.

    Returns
    -------
    Plan
        A plan that is well formed and physically possible.

    Raises
    ------
    ScenarioError
        With every problem found, each with its place.
    """
    loaded = load_scenario(path, overrides)
    found = [*plan_problems(loaded.scenario), *learning_problems(loaded.scenario)]
    if found:
        raise ScenarioError([loaded.problem(at, message) for at, message in found])
    return Plan(loaded)


@dataclass(frozen=True)
class Plan:
    """A checked scenario, ready to run."""

    loaded: Loaded

    @property
    def scenario(self) -> Scenario:
        """The resolved scenario."""
        return self.loaded.scenario

    @cached_property
    def steps(self) -> tuple[StepTime, ...]:
        """Predicted, or given, step of every phase."""
        return phase_steps(self.scenario)

    @cached_property
    def run_plan(self) -> RunPlan:
        """What the engine runs."""
        return compile_plan(self.scenario, self.steps)

    def run(self, seed: int = 0, workers: int | None = None, on_progress: Progress | None = None) -> Forecast:
        """Simulate the plan as often as its study asks and read the forecast off the records.

        Parameters
        ----------
        seed : int
            The same file, seed and version give the same forecast, whatever the number of workers.
        workers : int, optional
            Worker processes; one per core when omitted.
        on_progress : callable, optional
            Called with the replications done and the total.
        """
        executor = default_executor(workers)
        try:
            return make_forecast(self.loaded, self.steps, self.run_plan, seed, executor, on_progress)
        finally:
            executor.close()


def write(forecast: Forecast, folder: str | Path) -> Path:
    """Write report, records, summary and resolved scenario into a folder, all or nothing.

    Parameters
    ----------
    forecast : Forecast
        What to write.
    folder : str or Path
        The output folder; replaced if it is an earlier output, refused if it holds anything else.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    FileExistsError
        If the folder holds files that are no earlier output.
    """
    from clustersim.report import write_report
    from clustersim.study.output import write_output

    return write_output(forecast, Path(folder), write_report)


def _gpus_text(forecast: Forecast) -> str:
    """GPUs of the job, one number after the other if it changes its size."""
    return ", then ".join(f"{row['gpus']:,}" for row in forecast.summary["sizes"])


def event_log(forecast: Forecast, replication: Choice = "median") -> str:
    """What happened in one replication, a line for each event, in columns.

    Parameters
    ----------
    forecast : Forecast
        A forecast.
    replication : {"median", "fastest", "slowest"} or int
        Which one, by wall time or by its number.

    Returns
    -------
    str
        The log. The same forecast and replication give the same text.
    """
    from clustersim.report.events import event_log as log_of

    number = chosen_number(forecast.ensemble, replication)
    scenario = forecast.summary["scenario"]
    chosen = "" if isinstance(replication, int) else f", the {replication} by wall time"
    head = (
        f"{scenario['name']}: replication {number}{chosen}, seed {forecast.ensemble.seed}, "
        f"clustersim {forecast.summary['clustersim_version']}",
        f"times since the start, {scenario['start'][:16]}; an hour of the job is {_gpus_text(forecast)} GPU-hours",
    )
    return log_of(records_of(forecast, number), head)


def write_trace(forecast: Forecast, path: str | Path, replication: Choice = "median") -> Path:
    """Write one replication as a trace for Perfetto and chrome://tracing, all or nothing.

    Parameters
    ----------
    forecast : Forecast
        A forecast.
    path : str or Path
        The file; packed if its name ends in ``.gz``.
    replication : {"median", "fastest", "slowest"} or int
        Which one, by wall time or by its number.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    from clustersim.report.run_trace import write_run_trace

    number = chosen_number(forecast.ensemble, replication)
    about = {"scenario": forecast.summary["scenario"]["name"], "replication": number, "seed": forecast.ensemble.seed}
    write_run_trace(Path(path), records_of(forecast, number), about)
    return Path(path)
