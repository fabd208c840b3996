"""The job: start, resume, train, probe, save, measure, end."""

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.distributed as dist

from validation.gpt.config import JobConfig
from validation.gpt.environment import environment, load_average, peak_memory_bytes
from validation.gpt.evaluation import Probes
from validation.gpt.layouts import build_trainable
from validation.gpt.log import Log
from validation.gpt.measurement import Record, summarise, write_measurement
from validation.gpt.model import count_parameters
from validation.gpt.optimizer import build_optimizer
from validation.gpt.passes import AccumulatedPasses, Passes
from validation.gpt.problems import ConfigurationError
from validation.gpt.processes import DATA, start_processes
from validation.gpt.profiling import StepProfiler
from validation.gpt.progress import Progress
from validation.gpt.resuming import refuse_leftovers, resume
from validation.gpt.saving import Saver
from validation.gpt.shards import ShardSequences, has_split
from validation.gpt.state import TrainingState
from validation.gpt.step import StepResult, TrainingStep
from validation.gpt.stopping import StopSignals
from validation.gpt.synthetic import VALIDATION, SyntheticSequences
from validation.gpt.tokens import Reader, Sequences

COMPLETED = "completed"
DIVERGED = "diverged: loss or gradient norm is not finite"


@dataclass(slots=True)
class Parts:
    """What a run is made of on one process."""

    reader: Reader
    passes: Passes
    step: TrainingStep
    state: TrainingState
    probes: Probes
    identity: dict[str, Any]


class Job:
    """One attempt at a training run, on one process of it.

    Parameters
    ----------
    config : JobConfig
        What to do.
    folder : Path
        Where log, measurement and traces go, and checkpoints unless the configuration names another folder.
    import_s : float
        What it took to import torch and the job.
    """

    def __init__(self, config: JobConfig, folder: Path, import_s: float) -> None:
        self._config, self._folder = config, folder
        self._checkpoints = Path(config.checkpoint.folder or folder / "checkpoints")
        started = time.perf_counter()
        self._processes = start_processes(config.parallel)
        self._times = {"import_s": import_s, "process_group_s": time.perf_counter() - started}
        self._log = Log(folder if self._processes.rank == 0 else None)
        self._environment = environment(self._processes)
        self._steps: list[Record] = []
        self._probes: list[Record] = []

    def run(self) -> str:
        """Train to the last step, or until asked to stop.

        Returns
        -------
        str
            Why it ended, as in the ``end`` event.
        """
        config = self._config
        self._log.write("start", world=self._processes.world, config=config.tables(), environment=self._environment)
        reason, step = "failed", 0
        try:
            with StopSignals() as signals:
                step, reason = self._train(signals)
        except BaseException as error:
            reason = f"failed: {type(error).__name__}: {error}"
            step = self._steps[-1]["step"] if self._steps else 0
            raise
        finally:
            self._log.write("end", step=step, reason=reason)
            self._log.close()
        return reason

    def close(self) -> None:
        """Leave the other processes."""
        dist.destroy_process_group()

    def _train(self, signals: StopSignals) -> tuple[int, str]:
        started = time.perf_counter()
        parts = self._build()
        built = time.perf_counter()
        done = self._resume(parts)
        self._times |= {"build_s": built - started, "load_s": time.perf_counter() - built}
        self._log.write("ready", **self._times)
        plan = self._config.checkpoint
        saver = Saver(self._checkpoints, plan, self._processes, parts.identity, self._log)
        profiler = StepProfiler(self._config.measure, self._folder, self._processes.rank, self._processes.device)
        reason = self._loop(parts, done, saver, profiler, signals)
        saver.wait()
        profiler.finish()
        last = self._steps[-1]["step"] if self._steps else done
        if reason == COMPLETED:
            self._probe(parts.probes, last, at_the_end=True)
        self._write_measurement(saver, profiler)
        return last, reason

    def _build(self) -> Parts:
        config, processes = self._config, self._processes
        sequences, validation = self._data()
        trainable = build_trainable(config, processes)
        passes: Passes = AccumulatedPasses(trainable, config)
        if config.parallel.pipeline > 1:
            from validation.gpt.pipeline import PipelinedPasses  # its schedules take a while to import

            passes = PipelinedPasses(trainable, config, processes)
        optimizer = build_optimizer(trainable.weights, config.train)
        return Parts(
            Reader(sequences, config, processes.position(DATA), processes.device),
            passes,
            TrainingStep(config, processes, trainable, passes, optimizer),
            TrainingState(trainable.weights, optimizer, processes),
            Probes(config, processes, passes, validation),
            {**config.tables()["model"], **_data_identity(config, sequences)},
        )

    def _data(self) -> tuple[Sequences, Sequences | None]:
        """Sequences to train on, and to evaluate on."""
        train, vocab, wanted = self._config.train, self._config.model.vocab, self._config.measure.evaluate_every
        length = train.sequence_length
        if not self._config.data.shards:
            validation = SyntheticSequences(train.seed, vocab, length, VALIDATION) if wanted else None
            return SyntheticSequences(train.seed, vocab, length), validation
        folder = Path(self._config.data.shards)
        if has_split(folder, "validation"):
            return ShardSequences(folder, "train", length, vocab), ShardSequences(folder, "validation", length, vocab)
        if wanted:
            problem = f"measure.evaluate_every: {wanted}, but {folder} has no validation split; set it to 0 or pack one"
            raise ConfigurationError([problem])
        return ShardSequences(folder, "train", length, vocab), None

    def _resume(self, parts: Parts) -> int:
        """Load a checkpoint if there is one to go on from; return the steps it has behind it."""
        if not self._config.checkpoint.resume:
            if self._config.checkpoint.every_steps:
                refuse_leftovers(self._checkpoints)
            return 0
        manifest = resume(self._checkpoints, parts.state, self._processes, parts.identity, self._log)
        if manifest is None:
            return 0
        parts.reader.position = manifest.position
        return manifest.step

    def _loop(self, parts: Parts, done: int, saver: Saver, profiler: StepProfiler, signals: StopSignals) -> str:
        """Take the remaining steps; return why they ended."""
        last = self._config.train.steps
        read = parts.reader.read if parts.passes.reads_tokens else parts.reader.skip
        progress = Progress(done + 1, last, self._processes.rank)
        try:
            for number in range(done + 1, last + 1):
                persisting = saver.busy
                profiled = profiler.before(persisting)
                result = parts.step.run(number, read, lambda: bool(signals.asked_by))
                profiler.after()
                self._record(result, parts.reader.position, profiled, persisting)
                progress.show(result)
                reason = _ending(result, last, signals)
                if reason != DIVERGED and self._is_due(number, bool(reason)):
                    saver.save(number, parts.reader.position, parts.state.tensors())
                if reason:
                    return reason
                self._probe(parts.probes, number, at_the_end=False)
        finally:
            progress.close()
        return COMPLETED

    def _is_due(self, step: int, ending: bool) -> bool:
        """Whether a checkpoint follows a step: every so many, and the one a run ends with."""
        every = self._config.checkpoint.every_steps
        return bool(every) and (step % every == 0 or ending)

    def _record(self, result: StepResult, position: int, profiled: bool, persisting: bool) -> None:
        load = load_average()
        common = {
            **result.parts,
            "loss": result.loss,
            "gradient_norm": result.gradient_norm,
            "load": load,
            "profiled": profiled,
            "persisting": persisting,
        }
        self._steps.append({"section": "step", "step": result.step, "time_s": result.step_s, **common})
        self._log.write(
            "step",
            step=result.step,
            step_s=result.step_s,
            **common,
            learning_rate=result.learning_rate,
            tokens=position * self._config.train.sequence_length,
            memory_bytes=peak_memory_bytes(self._processes.device),
        )

    def _probe(self, probes: Probes, step: int, at_the_end: bool) -> None:
        measure, last = self._config.measure, self._config.train.steps
        if not at_the_end and step == last:
            return
        if at_the_end or (measure.evaluate_every and step % measure.evaluate_every == 0):
            loss = probes.loss()
            if loss is not None:
                self._report("evaluation", step, "loss", loss)
        if measure.copying_every and (at_the_end or step % measure.copying_every == 0):
            self._report("copying", step, "accuracy", probes.copying())

    def _report(self, event: str, step: int, name: str, value: float) -> None:
        self._probes.append({"section": event, "step": step, name: value})
        self._log.write(event, step=step, **{name: value})

    def _write_measurement(self, saver: Saver, profiler: StepProfiler) -> None:
        """Gather what the other processes measured; the first one writes the file."""
        mine = (peak_memory_bytes(self._processes.device), profiler.collectives())
        gathered: list[Any] = [None] * self._processes.world
        dist.all_gather_object(gathered, mine, group=self._processes.checkpoints)
        if self._processes.rank != 0:
            return
        memory, collectives = zip(*gathered, strict=True)
        records = [
            {"section": "start", **self._times},
            *self._steps,
            *({"section": "checkpoint", **record} for record in saver.records),
            *self._probes,
        ]
        summary = summarise(self._config, self._steps, memory, collectives)
        parameters = count_parameters(self._config.model)
        write_measurement(self._folder, self._config, self._environment, parameters, records, summary)


def _data_identity(config: JobConfig, sequences: Sequences) -> dict[str, Any]:
    """What the position in the data means."""
    train = config.train
    return {"sequence_length": train.sequence_length, "seed": train.seed, "sequences": sequences.count}


def _ending(result: StepResult, last: int, signals: StopSignals) -> str:
    """Why the run ends after a step; empty when it goes on."""
    if not (math.isfinite(result.loss) and math.isfinite(result.gradient_norm)):
        return DIVERGED
    if result.step == last:
        return COMPLETED
    return f"stopped by {signals.asked_by or 'a signal to another process'}" if result.stopping else ""
